// Elementwise activations and their four passes.
#ifndef OPSIG_ACTIVATION_H
#define OPSIG_ACTIVATION_H

#include "opsig/opsig.h"

typedef enum opsig_activation {
  OPSIG_RELU = 0,
  OPSIG_TANH = 1,
  OPSIG_GELU = 2,       // x Φ(x)
  OPSIG_GELU_TANH = 3,  // x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))
  OPSIG_SILU = 4,       // x σ(x)
  OPSIG_ELU = 5,        // x for x > 0, parameter (eˣ - 1) otherwise
  OPSIG_SOFTPLUS = 6,   // log(1 + eˣ)
  OPSIG_SIGMOID = 7,
  OPSIG_HARDTANH = 8,    // x cut to [-1, 1]
  OPSIG_LEAKY_RELU = 9,  // x for x > 0, parameter x otherwise
} opsig_activation;

// x, y [count] are the primal input and output and are shared by all vectors; every other pointer is [K, count].
//   activation_forward           y = φ(x)
//   activation_tangent           out = φ'(x) first                       (first = ẋ)
//   activation_backward          out = [accumulate] out + φ'(x) first    (first = ȳ)
//   activation_tangent_backward  out = [accumulate] out + φ'(x) first + φ''(x) second cotangent
//                                (first = tangent of ȳ, second = ẋ, cotangent = ȳ [count], shared)
//   activation_second_order      out = φ''(x) first²                     (first = ẋ)
// `out` may be `first`.
typedef struct opsig_activation_arguments {
  int32_t precision;
  int32_t kind;
  double parameter;
  int32_t accumulate;
  int32_t reserved;
  int64_t vectors;
  int64_t count;
  const void* x;
  const void* y;
  const void* first;
  const void* second;
  const void* cotangent;
  void* out;
} opsig_activation_arguments;

#endif  // OPSIG_ACTIVATION_H
