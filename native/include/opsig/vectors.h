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
// and, where `inner` is not null, of what was written
// inner[i * output_count + j] = sum_p output[i, p] output[j, p], accumulated as in inner_products
// `scale` zero overwrites without reading. Input and output rows must not overlap. `coefficients` and `inner` are in
// the device's memory.
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
  double* inner;
} opsig_combine_arguments;

// Coefficients C [count, count] that make vectors with the inner products G orthonormal, C^T G C = I in the first `kept`
// columns and zero in the others: a Cholesky factorisation of G, scaled to a unit diagonal, with pivoting. A vector is
// dropped whose squared length G[i, i] is not above `smallest_share` of before[i, i], what it was before a projection, or
// is not finite, or of whose squared length not more than `smallest_pivot` lies outside those that are kept. All arrays
// are in the device's memory; `gram` is overwritten, `before` may be null for vectors of length one.
typedef struct opsig_whitening_arguments {
  int64_t count;
  double* gram;
  const double* before;
  double smallest_share;
  double smallest_pivot;
  double* coefficients;
  double* kept;
} opsig_whitening_arguments;

#endif  // OPSIG_VECTORS_H
