// Bound by memory: with the copy an element is read twice and written twice.
#include "opsig/optimizer.h"

#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;

template <class T>
void gradient_step(const opsig_gradient_step_arguments& a) {
  T* parameters = static_cast<T*>(a.parameters);
  T* previous = static_cast<T*>(a.previous);
  const T* gradient = static_cast<const T*>(a.gradient);
#pragma omp parallel for if (a.length > kParallelElements)
  for (int64_t p = 0; p < a.length; ++p) {
    const T value = parameters[p];
    if (previous) previous[p] = value;
    parameters[p] = static_cast<T>(static_cast<double>(value) - a.step_size * static_cast<double>(gradient[p]));
  }
}

}  // namespace

OPSIG_OPERATION(gradient_step, opsig_gradient_step_arguments) {
  require(arguments.length >= 0, "negative extent");
  with_precision(arguments.precision, [&](auto zero) { gradient_step<decltype(zero)>(arguments); });
}
