// Bound by memory: with the copy an element is read twice and written twice, and each state adds a read and a write.
#include "opsig/optimizer.h"

#include "math/optimizer.h"
#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;

// parameters[p] += change(p, gradient[p]); a state may be read and written at p alone.
template <class T, class Arguments, class Change>
void step(const Arguments& a, const Change& change) {
  T* parameters = static_cast<T*>(a.parameters);
  T* previous = static_cast<T*>(a.previous);
  const T* gradient = static_cast<const T*>(a.gradient);
#pragma omp parallel for simd if (parallel : a.length > kParallelElements)
  for (int64_t p = 0; p < a.length; ++p) {
    const T value = parameters[p];
    if (previous) previous[p] = value;
    parameters[p] = static_cast<T>(static_cast<double>(value) + change(p, static_cast<double>(gradient[p])));
  }
}

template <class T>
void gradient_step(const opsig_gradient_step_arguments& a) {
  step<T>(a, [=](int64_t, double gradient) {
    return a.sign ? optimizer::sign_change(a.step_size, gradient) : -a.step_size * gradient;
  });
}

template <class T>
void momentum_step(const opsig_momentum_step_arguments& a) {
  T* velocities = static_cast<T*>(a.velocity);
  const optimizer::Momentum rule{a.step_size, a.decay, a.nesterov != 0};
  step<T>(a, [=](int64_t p, double gradient) {
    double velocity = static_cast<double>(velocities[p]);
    const double change = rule.change(gradient, velocity);
    velocities[p] = static_cast<T>(velocity);
    return change;
  });
}

template <class T>
void adaptive_step(const opsig_adaptive_step_arguments& a) {
  T* firsts = static_cast<T*>(a.first);
  T* seconds = static_cast<T*>(a.second);
  const optimizer::Adaptive rule{a.step_size,        a.first_decay,       a.second_decay,
                                 a.first_correction, a.second_correction, a.epsilon};
  step<T>(a, [=](int64_t p, double gradient) {
    double mean = gradient, second = static_cast<double>(seconds[p]);
    if (firsts) {
      mean = rule.mean(gradient, static_cast<double>(firsts[p]));
      firsts[p] = static_cast<T>(mean);
    }
    const double change = rule.change(gradient, mean, second);
    seconds[p] = static_cast<T>(second);
    return change;
  });
}

}  // namespace

OPSIG_OPERATION(gradient_step, opsig_gradient_step_arguments) {
  require(arguments.length >= 0, "negative extent");
  with_precision(arguments.precision, [&](auto zero) { gradient_step<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(momentum_step, opsig_momentum_step_arguments) {
  require(arguments.length >= 0, "negative extent");
  with_precision(arguments.precision, [&](auto zero) { momentum_step<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(adaptive_step, opsig_adaptive_step_arguments) {
  require(arguments.length >= 0, "negative extent");
  with_precision(arguments.precision, [&](auto zero) { adaptive_step<decltype(zero)>(arguments); });
}
