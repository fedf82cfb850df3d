// Rearrangements and sums of whole tensors.
#ifndef OPSIG_LAYOUT_H
#define OPSIG_LAYOUT_H

#include "opsig/activation.h"

// transpose_planes: out[n, c, r] = [accumulate] out[n, c, r] + in[n, r, c] for n < count: channels-last to
// channels-first with rows = H W and columns = C, and back with the two exchanged.
typedef struct opsig_transpose_planes_arguments {
  int32_t precision;
  int32_t accumulate;
  int64_t count;
  int64_t rows;
  int64_t columns;
  const void* in;
  void* out;
} opsig_transpose_planes_arguments;

// add: out = [accumulate] out + a (+ b, unless null), elementwise. Goes on with `then`, as a product does
// (opsig/products.h); `count` is then that of all vectors.
typedef struct opsig_add_arguments {
  int32_t precision;
  int32_t accumulate;
  int64_t count;
  const void* a;
  const void* b;
  void* out;
  opsig_activation_arguments then;
} opsig_add_arguments;

// column_sums: out_j[c] += sum_r in_j[r, c], over fixed blocks of rows, so that the result does not depend on the
// number of threads.
typedef struct opsig_column_sums_arguments {
  int32_t precision;
  int32_t reserved;
  int64_t vectors;
  int64_t rows;
  int64_t columns;
  const void* in;
  int64_t in_vector_stride;
  void* out;
  int64_t out_vector_stride;
} opsig_column_sums_arguments;

// sample_dots: out[j, n] += scale * sum_f a[n, f] b_j[n, f], accumulated in float64. `a` is shared by the vectors when
// its stride is zero.
typedef struct opsig_sample_dots_arguments {
  int32_t precision;
  int32_t reserved;
  double scale;
  int64_t vectors;
  int64_t samples;
  int64_t features;
  const void* a;
  int64_t a_vector_stride;
  const void* b;
  int64_t b_vector_stride;
  double* out;
  int64_t out_vector_stride;
} opsig_sample_dots_arguments;

// sample_projections: out_j[n, f] = scale * (sum_f' g[n, f'] t_j[n, f']) g[n, f], sums in float64, for contiguous [K,
// N, F]. The first vector of `out` may be g itself.
typedef struct opsig_sample_projections_arguments {
  int32_t precision;
  int32_t reserved;
  double scale;
  int64_t vectors;
  int64_t samples;
  int64_t features;
  const void* gradient;
  const void* tangents;
  void* out;
} opsig_sample_projections_arguments;

#endif  // OPSIG_LAYOUT_H
