// Bound by memory; a thread takes whole samples, so scattered cotangents never meet.
#include "opsig/pooling.h"

#include <algorithm>
#include <limits>

#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;
using Arguments = opsig_pooling_arguments;

int64_t in_plane(const Arguments& a) { return static_cast<int64_t>(a.height) * a.width * a.channels; }
int64_t out_plane(const Arguments& a) { return static_cast<int64_t>(a.out_height) * a.out_width * a.channels; }

// Calls visit(element of the window, first channel of that pixel in the image, first channel of the output pixel).
template <class Visit>
void over_windows(const Arguments& a, Visit visit) {
  for (int oh = 0; oh < a.out_height; ++oh)
    for (int ow = 0; ow < a.out_width; ++ow)
      for (int kh = 0; kh < a.kernel_height; ++kh) {
        const int h = oh * a.stride - a.padding + kh;
        if (h < 0 || h >= a.height) continue;
        for (int kw = 0; kw < a.kernel_width; ++kw) {
          const int w = ow * a.stride - a.padding + kw;
          if (w < 0 || w >= a.width) continue;
          visit(kh * a.kernel_width + kw, (static_cast<int64_t>(h) * a.width + w) * a.channels,
                (static_cast<int64_t>(oh) * a.out_width + ow) * a.channels);
        }
      }
}

// Calls body(in of the sample, winners of the sample, out of the sample) in parallel over samples.
template <class T, class Body>
void over_samples(const Arguments& a, int64_t in_size, int64_t out_size, Body body) {
#pragma omp parallel for if (a.count * in_plane(a) > kParallelElements)
  for (int64_t n = 0; n < a.count; ++n)
    body(static_cast<const T*>(a.in) + n * in_size,
         a.winner == nullptr ? nullptr : a.winner + (n % a.samples) * out_plane(a),
         static_cast<T*>(a.out) + n * out_size);
}

// Channels that one pass over a window takes at a time: their running maxima and winners stay in registers and L1.
constexpr int kChannelBlock = 64;

// The maximum of one window for up to kChannelBlock channels. Winners are 32 bits wide meanwhile, as wide as a float,
// so that the comparison fills whole vectors.
template <class T>
void max_of_window(const Arguments& a, const T* in, int oh, int ow, int channels, uint8_t* winner, T* out) {
  T best[kChannelBlock];
  int32_t won[kChannelBlock] = {};
  std::fill(best, best + channels, -std::numeric_limits<T>::infinity());
  for (int kh = 0; kh < a.kernel_height; ++kh) {
    const int h = oh * a.stride - a.padding + kh;
    if (h < 0 || h >= a.height) continue;
    for (int kw = 0; kw < a.kernel_width; ++kw) {
      const int w = ow * a.stride - a.padding + kw;
      if (w < 0 || w >= a.width) continue;
      const T* pixel = in + (static_cast<int64_t>(h) * a.width + w) * a.channels;
      const int32_t element = kh * a.kernel_width + kw;
#pragma omp simd
      for (int c = 0; c < channels; ++c) {
        // A NaN wins and stays, so that it is seen.
        const bool wins = !(pixel[c] <= best[c]) && best[c] == best[c];
        best[c] = wins ? pixel[c] : best[c];
        won[c] = wins ? element : won[c];
      }
    }
  }
  std::copy(best, best + channels, out);
  for (int c = 0; c < channels; ++c) winner[c] = static_cast<uint8_t>(won[c]);
}

template <class T>
void max_forward(const Arguments& a) {
  over_samples<T>(a, in_plane(a), out_plane(a), [&](const T* in, uint8_t* winner, T* out) {
    for (int oh = 0; oh < a.out_height; ++oh)
      for (int ow = 0; ow < a.out_width; ++ow)
        for (int c = 0; c < a.channels; c += kChannelBlock) {
          const int64_t to = (static_cast<int64_t>(oh) * a.out_width + ow) * a.channels + c;
          max_of_window(a, in + c, oh, ow, std::min(kChannelBlock, a.channels - c), winner + to, out + to);
        }
  });
}

template <class T>
void max_tangent(const Arguments& a) {
  over_samples<T>(a, in_plane(a), out_plane(a), [&](const T* in, const uint8_t* winner, T* out) {
    over_windows(a, [&](int element, int64_t pixel, int64_t to) {
      for (int c = 0; c < a.channels; ++c) out[to + c] = winner[to + c] == element ? in[pixel + c] : out[to + c];
    });
  });
}

template <class T>
void max_backward(const Arguments& a) {
  over_samples<T>(a, out_plane(a), in_plane(a), [&](const T* in, const uint8_t* winner, T* out) {
    if (!a.accumulate) std::fill(out, out + in_plane(a), T(0));
    over_windows(a, [&](int element, int64_t pixel, int64_t from) {
      for (int c = 0; c < a.channels; ++c) out[pixel + c] += winner[from + c] == element ? in[from + c] : T(0);
    });
  });
}

template <class T>
void average_forward(const Arguments& a) {
  const T weight = T(1) / static_cast<T>(a.kernel_height * a.kernel_width);
  over_samples<T>(a, in_plane(a), out_plane(a), [&](const T* in, const uint8_t*, T* out) {
    std::fill(out, out + out_plane(a), T(0));
    over_windows(a, [&](int, int64_t pixel, int64_t to) {
      for (int c = 0; c < a.channels; ++c) out[to + c] += weight * in[pixel + c];
    });
  });
}

template <class T>
void average_backward(const Arguments& a) {
  const T weight = T(1) / static_cast<T>(a.kernel_height * a.kernel_width);
  over_samples<T>(a, out_plane(a), in_plane(a), [&](const T* in, const uint8_t*, T* out) {
    if (!a.accumulate) std::fill(out, out + in_plane(a), T(0));
    over_windows(a, [&](int, int64_t pixel, int64_t from) {
      for (int c = 0; c < a.channels; ++c) out[pixel + c] += weight * in[from + c];
    });
  });
}

void check(const Arguments& a, bool wants_winner) {
  require(a.samples >= 1 && a.count >= 1 && a.kernel_height >= 1 && a.kernel_width >= 1 && a.stride >= 1 &&
              a.padding >= 0 && a.channels >= 1 && a.height >= 1 && a.width >= 1,
          "extents must be positive");
  require(a.out_height == (a.height + 2 * a.padding - a.kernel_height) / a.stride + 1 &&
              a.out_width == (a.width + 2 * a.padding - a.kernel_width) / a.stride + 1,
          "the output's extents do not follow from the input's");
  require(!wants_winner || a.kernel_height * a.kernel_width <= 256, "a window has at most 256 elements");
  require(!wants_winner || a.winner != nullptr, "the winners are missing");
}

}  // namespace

OPSIG_OPERATION(max_pool_forward, opsig_pooling_arguments) {
  check(arguments, true);
  with_precision(arguments.precision, [&](auto zero) { max_forward<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(max_pool_tangent, opsig_pooling_arguments) {
  check(arguments, true);
  with_precision(arguments.precision, [&](auto zero) { max_tangent<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(max_pool_backward, opsig_pooling_arguments) {
  check(arguments, true);
  with_precision(arguments.precision, [&](auto zero) { max_backward<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(average_pool_forward, opsig_pooling_arguments) {
  check(arguments, false);
  with_precision(arguments.precision, [&](auto zero) { average_forward<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(average_pool_backward, opsig_pooling_arguments) {
  check(arguments, false);
  with_precision(arguments.precision, [&](auto zero) { average_backward<decltype(zero)>(arguments); });
}
