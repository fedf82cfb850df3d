#include "opsig/shortcut.h"

#include "support.h"

namespace opsig::test {
namespace {

template <class T>
void test_shortcut(bool accumulate) {
  opsig_padded_shortcut_arguments a{};
  a.precision = precision_of<T>();
  a.count = 3;
  a.height = 5;
  a.width = 4;
  a.channels = 3;
  a.stride = 2;
  a.out_height = 3;
  a.out_width = 2;
  a.out_channels = 7;
  a.before = 2;
  const int64_t in_size = a.count * a.height * a.width * a.channels;
  const int64_t out_size = a.count * a.out_height * a.out_width * a.out_channels;
  const Array<T> image = random_array<T>(in_size, 1), cotangent = random_array<T>(out_size, 2);
  Array<T> out(out_size), pulled = accumulate ? random_array<T>(in_size, 3) : Array<T>(in_size);
  const Array<T> before = pulled.copy();
  a.in = image.data();
  a.out = out.data();
  run("padded_shortcut_forward", a);
  a.in = cotangent.data();
  a.out = pulled.data();
  a.accumulate = accumulate;
  run("padded_shortcut_backward", a);
  for (int64_t n = 0; n < a.count; ++n)
    for (int h = 0; h < a.height; ++h)
      for (int w = 0; w < a.width; ++w)
        for (int c = 0; c < a.channels; ++c) {
          const int64_t i = ((n * a.height + h) * a.width + w) * a.channels + c;
          const bool taken = h % a.stride == 0 && w % a.stride == 0;
          const int64_t o =
              ((n * a.out_height + h / a.stride) * a.out_width + w / a.stride) * a.out_channels + a.before + c;
          const double expected = (accumulate ? before[i] : T(0)) + (taken ? cotangent[o] : T(0));
          expect_near("padded_shortcut_backward", pulled[i], expected, 0);
          if (taken) expect_near("padded_shortcut_forward", out[o], image[i], 0);
        }
  for (int64_t o = 0; o < out_size; ++o) {
    const int64_t c = o % a.out_channels;
    if (c < a.before || c >= a.before + a.channels) expect_near("padded_shortcut_forward, padding", out[o], 0, 0);
  }
}

}  // namespace

void test_shortcuts() {
  for (const bool accumulate : {false, true}) {
    test_shortcut<float>(accumulate);
    test_shortcut<double>(accumulate);
  }
}

}  // namespace opsig::test
