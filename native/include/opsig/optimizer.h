// Updates of the flat parameter vector [P] in one pass over it.
#ifndef OPSIG_OPTIMIZER_H
#define OPSIG_OPTIMIZER_H

#include "opsig/opsig.h"

// previous = parameters; parameters = parameters - step_size * gradient, in float64 and rounded once.
// `previous` may be null; none of the three may overlap another.
typedef struct opsig_gradient_step_arguments {
  int32_t precision;
  int32_t reserved;
  int64_t length;
  double step_size;
  void* parameters;
  const void* gradient;
  void* previous;
} opsig_gradient_step_arguments;

#endif  // OPSIG_OPTIMIZER_H
