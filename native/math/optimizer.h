// What a step of training adds to one parameter, in float64, and the state that it leaves.
#pragma once

#include "math/functions.h"

namespace opsig::optimizer {

// v = decay v + g; the change is -step_size v, or with Nesterov's look ahead -step_size (g + decay v).
struct Momentum {
  double step_size;
  double decay;
  bool nesterov;

  OPSIG_FUNCTION double change(double gradient, double& velocity) const {
    velocity = decay * velocity + gradient;
    return -step_size * (nesterov ? gradient + decay * velocity : velocity);
  }
};

// s = second_decay s + (1 - second_decay) g^2, and the change is
// -step_size m first_correction / (sqrt(s second_correction) + epsilon)
// with m the mean of gradients that the caller keeps. Corrections are 1 / (1 - decay^t), or 1 for none.
struct Adaptive {
  double step_size;
  double first_decay;
  double second_decay;
  double first_correction;
  double second_correction;
  double epsilon;

  OPSIG_FUNCTION double mean(double gradient, double first) const {
    return first_decay * first + (1 - first_decay) * gradient;
  }

  OPSIG_FUNCTION double change(double gradient, double mean, double& second) const {
    second = second_decay * second + (1 - second_decay) * gradient * gradient;
    return -step_size * first_correction * mean / (::sqrt(second * second_correction) + epsilon);
  }
};

// The change is -step_size sign(g); none where the gradient is 0, NaN where it is.
OPSIG_FUNCTION double sign_change(double step_size, double gradient) {
  return gradient > 0 ? -step_size : gradient < 0 ? step_size : gradient;
}

}  // namespace opsig::optimizer
