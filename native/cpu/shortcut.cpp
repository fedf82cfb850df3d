// Copies of runs of channels; a thread takes whole samples.
#include "opsig/shortcut.h"

#include <algorithm>

#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;
using Arguments = opsig_padded_shortcut_arguments;

int64_t wide_size(const Arguments& a) { return static_cast<int64_t>(a.height) * a.width * a.channels; }
int64_t deep_size(const Arguments& a) { return static_cast<int64_t>(a.out_height) * a.out_width * a.out_channels; }

// Calls visit(first channel of a pixel that is kept, first channel of its place in the output).
template <class Visit>
void over_pixels(const Arguments& a, Visit visit) {
  for (int64_t oh = 0; oh < a.out_height; ++oh)
    for (int64_t ow = 0; ow < a.out_width; ++ow)
      visit((oh * a.stride * a.width + ow * a.stride) * a.channels,
            (oh * a.out_width + ow) * a.out_channels + a.before);
}

template <class T>
void forward(const Arguments& a) {
#pragma omp parallel for if (a.count * deep_size(a) > kParallelElements)
  for (int64_t n = 0; n < a.count; ++n) {
    const T* in = static_cast<const T*>(a.in) + n * wide_size(a);
    T* out = static_cast<T*>(a.out) + n * deep_size(a);
    std::fill(out, out + deep_size(a), T(0));
    over_pixels(a, [&](int64_t from, int64_t to) { std::copy(in + from, in + from + a.channels, out + to); });
  }
}

template <class T>
void backward(const Arguments& a) {
#pragma omp parallel for if (a.count * wide_size(a) > kParallelElements)
  for (int64_t n = 0; n < a.count; ++n) {
    const T* in = static_cast<const T*>(a.in) + n * deep_size(a);
    T* out = static_cast<T*>(a.out) + n * wide_size(a);
    if (!a.accumulate) std::fill(out, out + wide_size(a), T(0));
    over_pixels(a, [&](int64_t to, int64_t from) {
      for (int64_t c = 0; c < a.channels; ++c) out[to + c] += in[from + c];
    });
  }
}

void check(const Arguments& a) {
  require(a.count >= 1 && a.channels >= 1 && a.out_height >= 1 && a.out_width >= 1 && a.stride >= 1,
          "extents must be positive");
  require((a.out_height - 1) * a.stride < a.height && (a.out_width - 1) * a.stride < a.width,
          "the output reaches beyond the image");
  require(a.before >= 0 && a.before + a.channels <= a.out_channels, "the channels do not fit the output");
}

}  // namespace

OPSIG_OPERATION(padded_shortcut_forward, opsig_padded_shortcut_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) { forward<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(padded_shortcut_backward, opsig_padded_shortcut_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) { backward<decltype(zero)>(arguments); });
}
