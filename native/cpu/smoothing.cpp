#include "opsig/smoothing.h"

#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;
using Arguments = opsig_label_smoothing_arguments;

template <class T>
void forward(const Arguments& a) {
#pragma omp parallel for if (a.samples * a.classes > kParallelElements)
  for (int64_t n = 0; n < a.samples; ++n) {
    const T* z = static_cast<const T*>(a.outputs) + n * a.classes;
    double sum = 0;
    for (int64_t c = 0; c < a.classes; ++c) sum += static_cast<double>(z[c]);
    a.losses[n] += a.smoothing * (static_cast<double>(z[a.targets[n]]) - sum / static_cast<double>(a.classes));
  }
}

template <class T>
void gradient(const Arguments& a) {
  const double all = a.weight * a.smoothing / static_cast<double>(a.classes);
#pragma omp parallel for if (a.samples * a.classes > kParallelElements)
  for (int64_t n = 0; n < a.samples; ++n) {
    T* out = static_cast<T*>(a.out) + n * a.classes;
    for (int64_t c = 0; c < a.classes; ++c) out[c] -= static_cast<T>(all);
    out[a.targets[n]] += static_cast<T>(a.weight * a.smoothing);
  }
}

void check(const Arguments& a) {
  require(a.samples >= 1 && a.classes >= 1, "extents must be positive");
  for (int64_t n = 0; n < a.samples; ++n)
    require(a.targets[n] >= 0 && a.targets[n] < a.classes, "a target is not one of the classes");
}

}  // namespace

OPSIG_OPERATION(label_smoothing_forward, opsig_label_smoothing_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) { forward<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(label_smoothing_gradient, opsig_label_smoothing_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) { gradient<decltype(zero)>(arguments); });
}
