// A warp per sample for the loss, a thread per output for the gradient.
#include "opsig/smoothing.h"

#include "kernel.cuh"

namespace {

using namespace opsig;
using Arguments = opsig_label_smoothing_arguments;

template <class T>
OPSIG_DEVICE void label_smoothing_forward(const Arguments& a) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int64_t warps = static_cast<int64_t>(gridDim.x) * blockDim.x / kWarp;
  for (int64_t n = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / kWarp; n < a.samples; n += warps) {
    const T* z = static_cast<const T*>(a.outputs) + n * a.classes;
    double sum = 0;
    for (int64_t c = lane; c < a.classes; c += kWarp) sum += static_cast<double>(z[c]);
    sum = warp_sum(sum);
    if (lane == 0)
      a.losses[n] += a.smoothing * (static_cast<double>(z[a.targets[n]]) - sum / static_cast<double>(a.classes));
  }
}

template <class T>
OPSIG_DEVICE void label_smoothing_gradient(const Arguments& a) {
  const T all = static_cast<T>(a.weight * a.smoothing / static_cast<double>(a.classes));
  const T target = static_cast<T>(a.weight * a.smoothing);
  T* out = static_cast<T*>(a.out);
  over_elements(a.samples * a.classes, [&](int64_t i) {
    const T value = out[i] - all;
    out[i] = i % a.classes == a.targets[i / a.classes] ? value + target : value;
  });
}

}  // namespace

OPSIG_KERNELS(label_smoothing_forward, 256, (opsig_label_smoothing_arguments a), (a))
OPSIG_KERNELS(label_smoothing_gradient, 256, (opsig_label_smoothing_arguments a), (a))
