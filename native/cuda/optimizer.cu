// Bound by memory: with the copy an element is read twice and written twice.
#include "opsig/optimizer.h"

#include "kernel.cuh"

namespace {

using namespace opsig;

template <class T>
OPSIG_DEVICE void gradient_step(const opsig_gradient_step_arguments& a) {
  T* parameters = static_cast<T*>(a.parameters);
  T* previous = static_cast<T*>(a.previous);
  const T* gradient = static_cast<const T*>(a.gradient);
  over_elements<4>(a.length, [&](int64_t p) {
    const T value = parameters[p];
    if (previous) previous[p] = value;
    parameters[p] = static_cast<T>(static_cast<double>(value) - a.step_size * static_cast<double>(gradient[p]));
  });
}

}  // namespace

OPSIG_KERNELS(gradient_step, 256, (opsig_gradient_step_arguments a), (a))
