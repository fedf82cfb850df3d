#include "opsig/pooling.h"

#include "support.h"

namespace opsig::test {
namespace {

struct Window {
  int height, width, channels, kernel_height, kernel_width, stride, padding;
};

// Calls visit(input element of a plane, output element of a plane, element of the window) for all that lie inside.
template <class Visit>
void over(const opsig_pooling_arguments& a, Visit visit) {
  for (int oh = 0; oh < a.out_height; ++oh)
    for (int ow = 0; ow < a.out_width; ++ow)
      for (int kh = 0; kh < a.kernel_height; ++kh)
        for (int kw = 0; kw < a.kernel_width; ++kw) {
          const int h = oh * a.stride - a.padding + kh, w = ow * a.stride - a.padding + kw;
          if (h < 0 || w < 0 || h >= a.height || w >= a.width) continue;
          for (int c = 0; c < a.channels; ++c)
            visit((h * a.width + w) * a.channels + c, (oh * a.out_width + ow) * a.channels + c,
                  kh * a.kernel_width + kw);
        }
}

template <class T>
void test_window(const Window& s, int64_t samples, int64_t vectors, bool accumulate) {
  opsig_pooling_arguments a{};
  a.precision = precision_of<T>();
  a.samples = samples;
  a.height = s.height;
  a.width = s.width;
  a.channels = s.channels;
  a.kernel_height = s.kernel_height;
  a.kernel_width = s.kernel_width;
  a.stride = s.stride;
  a.padding = s.padding;
  a.out_height = (s.height + 2 * s.padding - s.kernel_height) / s.stride + 1;
  a.out_width = (s.width + 2 * s.padding - s.kernel_width) / s.stride + 1;
  const int64_t in_plane = static_cast<int64_t>(s.height) * s.width * s.channels;
  const int64_t out_plane = static_cast<int64_t>(a.out_height) * a.out_width * s.channels;

  // Whole numbers, so that many windows have several largest elements: the first one wins.
  Array<T> x = random_array<T>(samples * in_plane, 1);
  for (int64_t i = 0; i < x.size(); ++i) x[i] = std::round(x[i]);
  Array<T> y(samples * out_plane);
  Array<uint8_t> winner(samples * out_plane);
  a.count = samples;
  a.in = x.data();
  a.out = y.data();
  a.winner = winner.data();
  run("max_pool_forward", a);
  for (int64_t n = 0; n < samples; ++n) {
    Array<double> best(out_plane);
    Array<int64_t> element(out_plane);
    over(a, [&](int64_t in, int64_t out, int k) {
      const double value = x[n * in_plane + in];
      if (!(best[out] >= value)) {
        best[out] = value;
        element[out] = k;
      }
    });
    for (int64_t o = 0; o < out_plane; ++o) {
      expect_near("max_pool_forward", y[n * out_plane + o], best[o], 0);
      expect_near("max_pool_forward, winner", winner[n * out_plane + o], static_cast<double>(element[o]), 0);
    }
  }

  const Array<T> tangents = random_array<T>(vectors * samples * in_plane, 2);
  const Array<T> cotangents = random_array<T>(vectors * samples * out_plane, 3);
  a.count = vectors * samples;
  for (const bool max : {true, false}) {
    const double weight = max ? 1 : 1.0 / (s.kernel_height * s.kernel_width);
    const auto part = [&](int64_t n, int64_t out, int k) {
      return !max || winner[n % samples * out_plane + out] == k ? weight : 0.0;
    };
    a.winner = max ? winner.data() : nullptr;
    a.accumulate = 0;
    Array<T> moved(a.count * out_plane);
    a.in = tangents.data();
    a.out = moved.data();
    run(max ? "max_pool_tangent" : "average_pool_forward", a);
    for (int64_t n = 0; n < a.count; ++n) {
      std::unique_ptr<Sum[]> sums(new Sum[static_cast<size_t>(out_plane)]);
      over(a, [&](int64_t in, int64_t out, int k) { sums[out].add(part(n, out, k) * tangents[n * in_plane + in]); });
      for (int64_t o = 0; o < out_plane; ++o)
        sums[o].expect(max ? "max_pool_tangent" : "average_pool", moved[n * out_plane + o]);
    }

    a.accumulate = accumulate;
    Array<T> back = accumulate ? random_array<T>(a.count * in_plane, 4) : Array<T>(a.count * in_plane);
    const Array<T> before = back.copy();
    a.in = cotangents.data();
    a.out = back.data();
    run(max ? "max_pool_backward" : "average_pool_backward", a);
    for (int64_t n = 0; n < a.count; ++n) {
      std::unique_ptr<Sum[]> sums(new Sum[static_cast<size_t>(in_plane)]);
      if (accumulate)
        for (int64_t i = 0; i < in_plane; ++i) sums[i].add(before[n * in_plane + i]);
      over(a, [&](int64_t in, int64_t out, int k) { sums[in].add(part(n, out, k) * cotangents[n * out_plane + out]); });
      for (int64_t i = 0; i < in_plane; ++i)
        sums[i].expect(max ? "max_pool_backward" : "average_pool_backward", back[n * in_plane + i]);
    }
  }
}

template <class T>
void test_precision() {
  for (const bool accumulate : {false, true}) {
    test_window<T>({1, 1, 1, 1, 1, 1, 0}, 1, 1, accumulate);
    test_window<T>({7, 5, 3, 2, 2, 2, 0}, 2, 3, accumulate);
    test_window<T>({9, 8, 5, 3, 3, 2, 1}, 3, 2, accumulate);
    test_window<T>({6, 4, 17, 6, 4, 1, 0}, 2, 1, accumulate);
    test_window<T>({16, 16, 1, 16, 16, 1, 0}, 1, 2, accumulate);
    test_window<T>({32, 31, 6, 3, 2, 1, 1}, 6, 1, accumulate);
  }
}

}  // namespace

void test_pooling() {
  test_precision<float>();
  test_precision<double>();
  opsig_pooling_arguments a{};
  expect_refusal("max_pool_forward", a, "positive");
  a.samples = a.count = 1;
  a.kernel_height = a.kernel_width = 17;
  a.height = a.width = 20;
  a.stride = a.channels = 1;
  expect_refusal("average_pool_forward", a, "extents");
  a.out_height = a.out_width = 4;
  expect_refusal("max_pool_forward", a, "256");
  a.kernel_height = a.kernel_width = 2;
  a.out_height = a.out_width = 19;
  expect_refusal("max_pool_backward", a, "winners");
}

}  // namespace opsig::test
