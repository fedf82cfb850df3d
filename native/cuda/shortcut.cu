// Copies of runs of channels; a thread owns an element of its output.
#include "opsig/shortcut.h"

#include "kernel.cuh"

namespace {

using namespace opsig;
using Arguments = opsig_padded_shortcut_arguments;

template <class T>
OPSIG_DEVICE void padded_shortcut_forward(const Arguments& a) {
  const T* in = static_cast<const T*>(a.in);
  T* out = static_cast<T*>(a.out);
  over_elements(a.count * a.out_height * a.out_width * a.out_channels, [&](int64_t i) {
    const Pixel to = pixel_of(i, a.out_height, a.out_width, a.out_channels);
    const int channel = to.channel - a.before;
    out[i] =
        channel >= 0 && channel < a.channels
            ? in[((to.sample * a.height + to.row * a.stride) * a.width + to.column * a.stride) * a.channels + channel]
            : T(0);
  });
}

template <class T>
OPSIG_DEVICE void padded_shortcut_backward(const Arguments& a) {
  const T* in = static_cast<const T*>(a.in);
  T* out = static_cast<T*>(a.out);
  over_elements(a.count * a.height * a.width * a.channels, [&](int64_t i) {
    const Pixel to = pixel_of(i, a.height, a.width, a.channels);
    const int row = to.row / a.stride, column = to.column / a.stride;
    T sum = a.accumulate ? out[i] : T(0);
    if (to.row % a.stride == 0 && to.column % a.stride == 0 && row < a.out_height && column < a.out_width)
      sum += in[((to.sample * a.out_height + row) * a.out_width + column) * a.out_channels + a.before + to.channel];
    out[i] = sum;
  });
}

}  // namespace

OPSIG_KERNELS(padded_shortcut_forward, 256, (opsig_padded_shortcut_arguments a), (a))
OPSIG_KERNELS(padded_shortcut_backward, 256, (opsig_padded_shortcut_arguments a), (a))
