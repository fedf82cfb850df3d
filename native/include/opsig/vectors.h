// Operations on blocks of long vectors: [K, P], row j at data + j * stride.
#ifndef OPSIG_VECTORS_H
#define OPSIG_VECTORS_H

#include "opsig/opsig.h"

// inner[i * right_count + j] = sum_p left[i, p] right[j, p], accumulated in float64 over fixed blocks, so that the
// result does not depend on the number of threads. `inner` is in the device's memory.
typedef struct opsig_inner_products_arguments {
  int32_t precision;
  int32_t left_count;
  int32_t right_count;
  int32_t reserved;
  int64_t length;
  const void* left;
  int64_t left_stride;
  const void* right;
  int64_t right_stride;
  double* inner;
} opsig_inner_products_arguments;

// output[j, p] = scale * output[j, p] + factor * sum_i coefficients[i * output_count + j] * input[i, p]
// `scale` zero overwrites without reading. Input and output rows must not overlap. `coefficients` are in the device's
// memory.
typedef struct opsig_combine_arguments {
  int32_t precision;
  int32_t input_count;
  int32_t output_count;
  int32_t reserved;
  int64_t length;
  const double* coefficients;
  const void* input;
  int64_t input_stride;
  void* output;
  int64_t output_stride;
  double factor;
  double scale;
} opsig_combine_arguments;

#endif  // OPSIG_VECTORS_H
