// Bound by memory. A thread owns an element of its output, channels fastest, so that accesses are coalesced and
// scattered cotangents become gathers: a thread of the backward pass visits the windows that hold its pixel, in a fixed
// order.
#include "opsig/pooling.h"

#include "kernel.cuh"

namespace {

using namespace opsig;
using Arguments = opsig_pooling_arguments;

// Calls visit(element of the window, index of the input's element) for what lies inside the image.
template <class Visit>
OPSIG_DEVICE void over_window(const Arguments& a, const Pixel& out, const Visit& visit) {
  for (int kh = 0; kh < a.kernel_height; ++kh) {
    const int h = out.row * a.stride - a.padding + kh;
    if (h < 0 || h >= a.height) continue;
    for (int kw = 0; kw < a.kernel_width; ++kw) {
      const int w = out.column * a.stride - a.padding + kw;
      if (w < 0 || w >= a.width) continue;
      visit(kh * a.kernel_width + kw, ((out.sample * a.height + h) * a.width + w) * a.channels + out.channel);
    }
  }
}

// Calls visit(element of the window that the pixel is, output row, output column) for every window that holds it.
template <class Visit>
OPSIG_DEVICE void over_windows_of(const Arguments& a, const Pixel& in, const Visit& visit) {
  for (int kh = 0; kh < a.kernel_height; ++kh) {
    const int h = in.row + a.padding - kh;
    if (h < 0 || h % a.stride != 0 || h / a.stride >= a.out_height) continue;
    for (int kw = 0; kw < a.kernel_width; ++kw) {
      const int w = in.column + a.padding - kw;
      if (w < 0 || w % a.stride != 0 || w / a.stride >= a.out_width) continue;
      visit(kh * a.kernel_width + kw, h / a.stride, w / a.stride);
    }
  }
}

OPSIG_DEVICE int64_t in_elements(const Arguments& a) { return a.count * a.height * a.width * a.channels; }
OPSIG_DEVICE int64_t out_plane(const Arguments& a) {
  return static_cast<int64_t>(a.out_height) * a.out_width * a.channels;
}

// The index of the winner of an element of the output, whose sample may be one of a later vector.
OPSIG_DEVICE int64_t winner_of(const Arguments& a, int64_t sample, int row, int column, int channel) {
  return sample % a.samples * out_plane(a) + (static_cast<int64_t>(row) * a.out_width + column) * a.channels + channel;
}

template <class T>
OPSIG_DEVICE void max_pool_forward(const Arguments& a) {
  const T* in = static_cast<const T*>(a.in);
  T* out = static_cast<T*>(a.out);
  over_elements(a.count * out_plane(a), [&](int64_t i) {
    const Pixel to = pixel_of(i, a.out_height, a.out_width, a.channels);
    T best = 0;
    int won = -1;
    over_window(a, to, [&](int element, int64_t from) {
      const T value = in[from];
      // A NaN wins and stays, so that it is seen.
      if (won < 0 || (!(value <= best) && best == best)) {
        best = value;
        won = element;
      }
    });
    // A window that lies in the padding alone has no winner: minus infinity, as the largest of nothing.
    out[i] = won < 0 ? static_cast<T>(-INFINITY) : best;
    a.winner[winner_of(a, to.sample, to.row, to.column, to.channel)] = static_cast<uint8_t>(won < 0 ? 0 : won);
  });
}

template <class T>
OPSIG_DEVICE void max_pool_tangent(const Arguments& a) {
  const T* in = static_cast<const T*>(a.in);
  T* out = static_cast<T*>(a.out);
  over_elements(a.count * out_plane(a), [&](int64_t i) {
    const Pixel to = pixel_of(i, a.out_height, a.out_width, a.channels);
    const int won = a.winner[winner_of(a, to.sample, to.row, to.column, to.channel)];
    const int h = to.row * a.stride - a.padding + won / a.kernel_width;
    const int w = to.column * a.stride - a.padding + won % a.kernel_width;
    if (h >= 0 && h < a.height && w >= 0 && w < a.width)
      out[i] = in[((to.sample * a.height + h) * a.width + w) * a.channels + to.channel];
  });
}

template <class T>
OPSIG_DEVICE void max_pool_backward(const Arguments& a) {
  const T* in = static_cast<const T*>(a.in);
  T* out = static_cast<T*>(a.out);
  over_elements(in_elements(a), [&](int64_t i) {
    const Pixel at = pixel_of(i, a.height, a.width, a.channels);
    T sum = a.accumulate ? out[i] : T(0);
    over_windows_of(a, at, [&](int element, int row, int column) {
      if (a.winner[winner_of(a, at.sample, row, column, at.channel)] == element)
        sum +=
            in[at.sample * out_plane(a) + (static_cast<int64_t>(row) * a.out_width + column) * a.channels + at.channel];
    });
    out[i] = sum;
  });
}

template <class T>
OPSIG_DEVICE void average_pool_forward(const Arguments& a) {
  const T* in = static_cast<const T*>(a.in);
  T* out = static_cast<T*>(a.out);
  over_elements(a.count * out_plane(a), [&](int64_t i) {
    T sum = 0;
    over_window(a, pixel_of(i, a.out_height, a.out_width, a.channels), [&](int, int64_t from) { sum += in[from]; });
    out[i] = sum / static_cast<T>(a.kernel_height * a.kernel_width);
  });
}

template <class T>
OPSIG_DEVICE void average_pool_backward(const Arguments& a) {
  const T* in = static_cast<const T*>(a.in);
  T* out = static_cast<T*>(a.out);
  over_elements(in_elements(a), [&](int64_t i) {
    const Pixel at = pixel_of(i, a.height, a.width, a.channels);
    T sum = 0;
    over_windows_of(a, at, [&](int, int row, int column) {
      sum +=
          in[at.sample * out_plane(a) + (static_cast<int64_t>(row) * a.out_width + column) * a.channels + at.channel];
    });
    out[i] = (a.accumulate ? out[i] : T(0)) + sum / static_cast<T>(a.kernel_height * a.kernel_width);
  });
}

}  // namespace

OPSIG_KERNELS(max_pool_forward, 256, (opsig_pooling_arguments a), (a))
OPSIG_KERNELS(max_pool_tangent, 256, (opsig_pooling_arguments a), (a))
OPSIG_KERNELS(max_pool_backward, 256, (opsig_pooling_arguments a), (a))
OPSIG_KERNELS(average_pool_forward, 256, (opsig_pooling_arguments a), (a))
OPSIG_KERNELS(average_pool_backward, 256, (opsig_pooling_arguments a), (a))
