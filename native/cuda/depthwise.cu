// Convolutions of every channel by itself: as many groups and outputs as channels. A product would have one column per
// group, so that here a thread takes an element at a time, and the threads of a warp neighbouring channels.
//
// Bound by memory: each tensor passes once, 8 bytes per element in float32 with one term, for a multiply-add per tap. The
// other taps of a pixel, and the filter, which is packed as [tap, channel] for each call, come from the first-level cache:
// 2 x 128 bytes per tap and warp, for 3 x 3 18 cycles of it for 32 elements or 14 bytes per cycle and multiprocessor,
// which is what an H100's memory gives.
#include "convolution.cuh"
#include "followed_element.cuh"

namespace {

using namespace opsig;
using namespace opsig::convolution;

// Taps whose sums a thread of the weights' gradient keeps: all of 3 x 3.
constexpr int kTapsAtOnce = 9;
constexpr int kWarps = 8;

// packed [term, vector, tap, channel] from [channel, tap]; blockIdx.y is the term.
template <class T>
OPSIG_DEVICE void depthwise_pack(const Arguments& a, T* packed) {
  const Shape& s = a.shape;
  const int term = static_cast<int>(blockIdx.y);
  const int64_t size = filter_size(s), copies = a.filter[term].vector_stride == 0 ? 1 : a.vectors;
  over_elements(copies * size, [&](int64_t i) {
    const QuotientAndRest by_channel = divide(i % size, s.channels);
    packed[term * a.vectors * size + i] =
        of<T>(a.filter[term], i / size)[static_cast<int64_t>(by_channel.rest) * taps(s) + by_channel.quotient];
  });
}

// blockIdx.y is the vector.
template <class T>
OPSIG_DEVICE void depthwise_forward(const Arguments& a, const T* packed) {
  const Shape& s = a.shape;
  const int64_t vector = blockIdx.y;
  T* out = of<T>(a.out, vector);
  const T* bias = of<T>(a.bias, vector);
  over_elements(s.samples * s.out_height * s.out_width * s.channels, [&](int64_t i) {
    const Pixel at = pixel_of(i, s.out_height, s.out_width, s.channels);
    T sum = bias == nullptr ? T(0) : bias[at.channel];
    for (int term = 0; term < a.terms; ++term) {
      const T* filter = packed_filter(a, packed, term, vector) + at.channel;
      const T* image = of<T>(a.image[term], vector) + at.sample * s.height * s.width * s.channels + at.channel;
      for (int kh = 0; kh < s.kernel_height; ++kh) {
        const int h = at.row * s.stride - s.padding + kh;
        if (static_cast<uint32_t>(h) >= static_cast<uint32_t>(s.height)) continue;
#pragma unroll 3
        for (int kw = 0; kw < s.kernel_width; ++kw) {
          const int w = at.column * s.stride - s.padding + kw;
          if (static_cast<uint32_t>(w) < static_cast<uint32_t>(s.width))
            sum += image[(static_cast<int64_t>(h) * s.width + w) * s.channels] *
                   filter[static_cast<int64_t>(kh * s.kernel_width + kw) * s.channels];
        }
      }
    }
    if (a.then.pass == OPSIG_NO_PASS)
      out[i] = a.accumulate ? out[i] + sum : sum;
    else
      follow_element(a.then, of<T>(a.out, 0), i, vector * a.then.count + i, sum);
  });
}

// The taps that reach a pixel are `stride` apart along each side.
template <class T>
OPSIG_DEVICE void depthwise_backward_data(const Arguments& a, const T* packed) {
  const Shape& s = a.shape;
  const int64_t vector = blockIdx.y;
  T* out = of<T>(a.out, vector);
  over_elements(s.samples * s.height * s.width * s.channels, [&](int64_t i) {
    const Pixel at = pixel_of(i, s.height, s.width, s.channels);
    const int row = at.row + s.padding, column = at.column + s.padding;
    T sum = 0;
    for (int term = 0; term < a.terms; ++term) {
      const T* filter = packed_filter(a, packed, term, vector) + at.channel;
      const T* cotangent =
          of<T>(a.image[term], vector) + at.sample * s.out_height * s.out_width * s.channels + at.channel;
      for (int kh = row % s.stride; kh < s.kernel_height; kh += s.stride) {
        const int h = (row - kh) / s.stride;
        if (row < kh || h >= s.out_height) continue;
#pragma unroll 3
        for (int kw = column % s.stride; kw < s.kernel_width; kw += s.stride) {
          const int w = (column - kw) / s.stride;
          if (column >= kw && w < s.out_width)
            sum += cotangent[(static_cast<int64_t>(h) * s.out_width + w) * s.channels] *
                   filter[static_cast<int64_t>(kh * s.kernel_width + kw) * s.channels];
        }
      }
    }
    if (a.then.pass == OPSIG_NO_PASS)
      out[i] = a.accumulate ? out[i] + sum : sum;
    else
      follow_element(a.then, of<T>(a.out, 0), i, vector * a.then.count + i, sum);
  });
}

template <class T>
struct TapSums {
  T of_warp[kWarps][kTapsAtOnce][kWarp];
};

// partial [share, vector, channel, tap]: a block has 32 channels, one to a lane, and the pixels of a share, whose every
// eighth is a warp's. blockIdx.x counts channels, y vectors, z shares.
template <class T>
OPSIG_DEVICE void depthwise_backward_weights(const Arguments& a, T* partial, int64_t pixels_of_share) {
  OPSIG_SHARED(TapSums<T>, storage);
  const Shape& s = a.shape;
  const int64_t vector = blockIdx.y, share = blockIdx.z, begin = share * pixels_of_share;
  const int64_t end = min(s.samples * s.out_height * s.out_width, begin + pixels_of_share);
  const int warp = static_cast<int>(threadIdx.x) / kWarp, lane = static_cast<int>(threadIdx.x) % kWarp;
  const int first_channel = static_cast<int>(blockIdx.x) * kWarp, channel = first_channel + lane;
  T* out = partial + (share * a.vectors + vector) * filter_size(s);
  for (int first_tap = 0; first_tap < taps(s); first_tap += kTapsAtOnce) {
    int kh[kTapsAtOnce], kw[kTapsAtOnce];
    T sums[kTapsAtOnce] = {};
#pragma unroll
    for (int k = 0; k < kTapsAtOnce; ++k) {
      // Beyond the last tap is beyond every image.
      const int tap = first_tap + k;
      kh[k] = tap < taps(s) ? tap / s.kernel_width : INT32_MIN / 2;
      kw[k] = tap % s.kernel_width;
    }
    for (int term = 0; term < a.terms && channel < s.channels; ++term) {
      const T* cotangent = of<T>(a.filter[term], vector) + channel;
      for (int64_t i = begin + warp; i < end; i += kWarps) {
        const QuotientAndRest by_column = divide(i, s.out_width), by_row = divide(by_column.quotient, s.out_height);
        const int top = by_row.rest * s.stride - s.padding, left = by_column.rest * s.stride - s.padding;
        const T* image = of<T>(a.image[term], vector) + by_row.quotient * s.height * s.width * s.channels + channel;
        const T value = cotangent[i * s.channels];
#pragma unroll
        for (int k = 0; k < kTapsAtOnce; ++k) {
          const int h = top + kh[k], w = left + kw[k];
          if (static_cast<uint32_t>(h) < static_cast<uint32_t>(s.height) &&
              static_cast<uint32_t>(w) < static_cast<uint32_t>(s.width))
            sums[k] += value * image[(static_cast<int64_t>(h) * s.width + w) * s.channels];
        }
      }
    }
#pragma unroll
    for (int k = 0; k < kTapsAtOnce; ++k) storage.of_warp[warp][k][lane] = sums[k];
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < kTapsAtOnce * kWarp; i += kWarps * kWarp) {
      const int k = i / kWarp, c = first_channel + i % kWarp, tap = first_tap + k;
      T sum = 0;
      for (int w = 0; w < kWarps; ++w) sum += storage.of_warp[w][k][i % kWarp];
      if (tap < taps(s) && c < s.channels) out[static_cast<int64_t>(c) * taps(s) + tap] = sum;
    }
    __syncthreads();
  }
}

}  // namespace

OPSIG_KERNEL(depthwise_pack_float32, 256, opsig_convolution_arguments a, float* packed) { depthwise_pack(a, packed); }
OPSIG_KERNEL(depthwise_pack_float64, 256, opsig_convolution_arguments a, double* packed) { depthwise_pack(a, packed); }
OPSIG_KERNEL(depthwise_forward_float32, 256, opsig_convolution_arguments a, const float* packed) {
  depthwise_forward(a, packed);
}
OPSIG_KERNEL(depthwise_forward_float64, 256, opsig_convolution_arguments a, const double* packed) {
  depthwise_forward(a, packed);
}
OPSIG_KERNEL(depthwise_backward_data_float32, 256, opsig_convolution_arguments a, const float* packed) {
  depthwise_backward_data(a, packed);
}
OPSIG_KERNEL(depthwise_backward_data_float64, 256, opsig_convolution_arguments a, const double* packed) {
  depthwise_backward_data(a, packed);
}
OPSIG_KERNEL(depthwise_backward_weights_float32, 256, opsig_convolution_arguments a, float* partial,
             int64_t pixels_of_share) {
  depthwise_backward_weights(a, partial, pixels_of_share);
}
OPSIG_KERNEL(depthwise_backward_weights_float64, 256, opsig_convolution_arguments a, double* partial,
             int64_t pixels_of_share) {
  depthwise_backward_weights(a, partial, pixels_of_share);
}
