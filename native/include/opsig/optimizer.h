// Updates of the flat parameter vector [P] in one pass over it, and what they do to curvature. Every element is computed
// in float64 and rounded once; states are rounded after the step that they gave. `previous` takes the parameters as they
// were; it may be null. No vector may overlap another, except where it is said.
#ifndef OPSIG_OPTIMIZER_H
#define OPSIG_OPTIMIZER_H

#include "opsig/opsig.h"

// parameters -= step_size * gradient, or with `sign` step_size * sign(gradient), sign(0) = 0
typedef struct opsig_gradient_step_arguments {
  int32_t precision;
  int32_t sign;
  int64_t length;
  double step_size;
  void* parameters;
  const void* gradient;
  void* previous;
} opsig_gradient_step_arguments;

// velocity = decay * velocity + gradient; parameters -= step_size * velocity, or with `nesterov`
// step_size * (gradient + decay * velocity).
typedef struct opsig_momentum_step_arguments {
  int32_t precision;
  int32_t nesterov;
  int64_t length;
  double step_size;
  double decay;
  void* parameters;
  const void* gradient;
  void* velocity;
  void* previous;
} opsig_momentum_step_arguments;

// first = first_decay * first + (1 - first_decay) * gradient, or the gradient itself where `first` is null;
// second = second_decay * second + (1 - second_decay) * gradient^2;
// parameters -= step_size * first_correction * first / (sqrt(second_correction * second) + epsilon).
typedef struct opsig_adaptive_step_arguments {
  int32_t precision;
  int32_t reserved;
  int64_t length;
  double step_size;
  double first_decay;
  double second_decay;
  double first_correction;
  double second_correction;
  double epsilon;
  void* parameters;
  const void* gradient;
  void* first;
  void* second;
  void* previous;
} opsig_adaptive_step_arguments;

// output[j, p] = input[j, p] / sqrt(factor * (sqrt(second_correction * s) + epsilon)), s = second_decay * second[p] +
// (1 - second_decay) * gradient[p]^2: P^(-1/2) for the matrix P = diag(...) of the adaptive_step that would come next,
// applied to `count` vectors. `output` may be `input`.
typedef struct opsig_precondition_arguments {
  int32_t precision;
  int32_t count;
  int64_t length;
  double second_decay;
  double second_correction;
  double epsilon;
  double factor;
  const void* gradient;
  const void* second;
  const void* input;
  int64_t input_stride;
  void* output;
  int64_t output_stride;
} opsig_precondition_arguments;

#endif  // OPSIG_OPTIMIZER_H
