// What a step of training adds to a parameter, in float64, and the state that it leaves: a rule(p, gradient) for each
// operation of opsig/optimizer.h, written once for every back end.
#pragma once

#include <stdint.h>

#include "math/functions.h"
#include "opsig/optimizer.h"

namespace opsig::optimizer {

template <class T>
struct Gradient {
  explicit OPSIG_FUNCTION Gradient(const opsig_gradient_step_arguments& a)
      : step_size(a.step_size), sign(a.sign != 0) {}

  OPSIG_FUNCTION double operator()(int64_t, double gradient) const {
    if (!sign) return -step_size * gradient;
    // Neither above nor below 0 is 0 itself, or NaN, which must not vanish.
    return gradient > 0 ? -step_size : gradient < 0 ? step_size : gradient;
  }

  double step_size;
  bool sign;
};

template <class T>
struct Momentum {
  explicit OPSIG_FUNCTION Momentum(const opsig_momentum_step_arguments& a)
      : step_size(a.step_size), decay(a.decay), nesterov(a.nesterov != 0), velocities(static_cast<T*>(a.velocity)) {}

  OPSIG_FUNCTION double operator()(int64_t p, double gradient) const {
    const double velocity = decay * static_cast<double>(velocities[p]) + gradient;
    velocities[p] = static_cast<T>(velocity);
    return -step_size * (nesterov ? gradient + decay * velocity : velocity);
  }

  double step_size;
  double decay;
  bool nesterov;
  T* velocities;
};

// The mean of squared gradients that a step with this gradient goes by.
template <class Arguments>
OPSIG_FUNCTION double next_second(const Arguments& a, double second, double gradient) {
  return a.second_decay * second + (1 - a.second_decay) * gradient * gradient;
}

template <class T>
struct Adaptive {
  explicit OPSIG_FUNCTION Adaptive(const opsig_adaptive_step_arguments& a)
      : numbers(a), firsts(static_cast<T*>(a.first)), seconds(static_cast<T*>(a.second)) {}

  OPSIG_FUNCTION double operator()(int64_t p, double gradient) const {
    double first = gradient;
    if (firsts) {
      first = numbers.first_decay * static_cast<double>(firsts[p]) + (1 - numbers.first_decay) * gradient;
      firsts[p] = static_cast<T>(first);
    }
    const double second = next_second(numbers, static_cast<double>(seconds[p]), gradient);
    seconds[p] = static_cast<T>(second);
    const double scale = ::sqrt(numbers.second_correction * second) + numbers.epsilon;
    return -numbers.step_size * numbers.first_correction * first / scale;
  }

  opsig_adaptive_step_arguments numbers;
  T* firsts;
  T* seconds;
};

// opsig_precondition_arguments for element p of every vector.
template <class T>
struct Precondition {
  explicit OPSIG_FUNCTION Precondition(const opsig_precondition_arguments& a)
      : numbers(a),
        gradient(static_cast<const T*>(a.gradient)),
        seconds(static_cast<const T*>(a.second)),
        input(static_cast<const T*>(a.input)),
        output(static_cast<T*>(a.output)) {}

  OPSIG_FUNCTION void operator()(int64_t p) const {
    const double second = next_second(numbers, static_cast<double>(seconds[p]), static_cast<double>(gradient[p]));
    const double root = ::sqrt(numbers.second_correction * second) + numbers.epsilon;
    const double scale = 1 / ::sqrt(numbers.factor * root);
    for (int64_t j = 0; j < numbers.count; ++j) {
      const double value = static_cast<double>(input[j * numbers.input_stride + p]);
      output[j * numbers.output_stride + p] = static_cast<T>(scale * value);
    }
  }

  opsig_precondition_arguments numbers;
  const T* gradient;
  const T* seconds;
  const T* input;
  T* output;
};

}  // namespace opsig::optimizer
