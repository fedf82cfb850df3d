// Bound by memory: with the copy an element is read twice and written twice, and each state adds a read and a write.
#include "opsig/optimizer.h"

#include "math/optimizer.h"
#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;

// parameters[p] += rule(p, gradient[p])
template <class T, class Arguments, class Rule>
void step(const Arguments& a, const Rule& rule) {
  T* parameters = static_cast<T*>(a.parameters);
  T* previous = static_cast<T*>(a.previous);
  const T* gradient = static_cast<const T*>(a.gradient);
#pragma omp parallel for simd if (parallel : a.length > kParallelElements)
  for (int64_t p = 0; p < a.length; ++p) {
    const T value = parameters[p];
    if (previous) previous[p] = value;
    parameters[p] = static_cast<T>(static_cast<double>(value) + rule(p, static_cast<double>(gradient[p])));
  }
}

template <template <class> class Rule, class Arguments>
void run(const Arguments& a) {
  require(a.length >= 0, "negative extent");
  with_precision(a.precision, [&](auto zero) { step<decltype(zero)>(a, Rule<decltype(zero)>(a)); });
}

}  // namespace

OPSIG_OPERATION(gradient_step, opsig_gradient_step_arguments) { run<optimizer::Gradient>(arguments); }

OPSIG_OPERATION(momentum_step, opsig_momentum_step_arguments) { run<optimizer::Momentum>(arguments); }

OPSIG_OPERATION(adaptive_step, opsig_adaptive_step_arguments) { run<optimizer::Adaptive>(arguments); }

OPSIG_OPERATION(precondition, opsig_precondition_arguments) {
  const auto& a = arguments;
  require(a.length >= 0 && a.count >= 0, "negative extent");
  with_precision(a.precision, [&](auto zero) {
    const optimizer::Precondition<decltype(zero)> precondition(a);
#pragma omp parallel for simd if (parallel : a.count * a.length > kParallelElements)
    for (int64_t p = 0; p < a.length; ++p) precondition(p);
  });
}
