// Bound by memory: with the copy an element is read twice and written twice, and each state adds a read and a write.
#include "kernel.cuh"
#include "math/optimizer.h"
#include "opsig/optimizer.h"

namespace {

using namespace opsig;

// parameters[p] += rule(p, gradient[p])
template <class T, class Arguments, class Rule>
OPSIG_DEVICE void step(const Arguments& a, const Rule& rule) {
  T* parameters = static_cast<T*>(a.parameters);
  T* previous = static_cast<T*>(a.previous);
  const T* gradient = static_cast<const T*>(a.gradient);
  over_elements<4>(a.length, [&](int64_t p) {
    const T value = parameters[p];
    if (previous) previous[p] = value;
    parameters[p] = static_cast<T>(static_cast<double>(value) + rule(p, static_cast<double>(gradient[p])));
  });
}

template <class T>
OPSIG_DEVICE void gradient_step(const opsig_gradient_step_arguments& a) {
  step<T>(a, optimizer::Gradient<T>(a));
}

template <class T>
OPSIG_DEVICE void momentum_step(const opsig_momentum_step_arguments& a) {
  step<T>(a, optimizer::Momentum<T>(a));
}

template <class T>
OPSIG_DEVICE void adaptive_step(const opsig_adaptive_step_arguments& a) {
  step<T>(a, optimizer::Adaptive<T>(a));
}

// Of K vectors at once, 2 + 2 K elements are read and written for each of a vector.
template <class T>
OPSIG_DEVICE void precondition(const opsig_precondition_arguments& a) {
  over_elements(a.length, optimizer::Precondition<T>(a));
}

}  // namespace

OPSIG_KERNELS(gradient_step, 256, (opsig_gradient_step_arguments a), (a))
OPSIG_KERNELS(momentum_step, 256, (opsig_momentum_step_arguments a), (a))
OPSIG_KERNELS(adaptive_step, 256, (opsig_adaptive_step_arguments a), (a))
OPSIG_KERNELS(precondition, 256, (opsig_precondition_arguments a), (a))
