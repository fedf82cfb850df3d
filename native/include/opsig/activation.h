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

// A pass that an operation goes on with over what it has written (`then` of products and convolutions), as if it were
// run after it: what would be its input, x of the forward pass and `first` of the others, is what the operation writes.
typedef enum opsig_activation_pass {
  OPSIG_NO_PASS = 0,
  OPSIG_FORWARD_PASS = 1,
  OPSIG_FIRST_ORDER_PASS = 2,  // tangent and backward
  OPSIG_TANGENT_BACKWARD_PASS = 3,
} opsig_activation_pass;

// x, y [count] are the primal input and output and are shared by all vectors; every other pointer is [K, count].
//   activation_forward           y = φ(x)
//   activation_first_order       out = [accumulate] out + φ'(x) first    (first = ẋ: tangent; ȳ: backward)
//   activation_tangent_backward  out = [accumulate] out + φ'(x) first + φ''(x) second cotangent
//                                (first = tangent of ȳ, second = ẋ, cotangent = ȳ [count], shared)
//   activation_second_order      out = φ''(x) first²                     (first = ẋ)
// `out` may be `first`. `pass` says which it is where an operation goes on with it, and is not looked at otherwise.
typedef struct opsig_activation_arguments {
  int32_t precision;
  int32_t kind;
  double parameter;
  int32_t accumulate;
  int32_t pass;
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
