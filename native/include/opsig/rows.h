// Rows of tensors, copied, summed or scaled with strides: numbers that are added to every sample, a token that is put
// before a sequence or taken out of it.
#ifndef OPSIG_ROWS_H
#define OPSIG_ROWS_H

#include "opsig/opsig.h"

// rows_copy  out_j[n out_row_stride + i] = [accumulate] itself + in_j[n in_row_stride + i], n < rows, i < columns. A
//            row stride of zero repeats one row of the input; an input of null is zero.
// rows_sum   out_j[i] += sum_n in_j[n in_row_stride + i], in the order of n.
typedef struct opsig_rows_arguments {
  int32_t precision;
  int32_t accumulate;
  int64_t vectors;
  int64_t rows;
  int64_t columns;
  const void* in;
  int64_t in_row_stride;
  int64_t in_vector_stride;
  void* out;
  int64_t out_row_stride;
  int64_t out_vector_stride;
} opsig_rows_arguments;

// rows_scale  values_j[n columns + i] *= factors[n], n < rows, i < columns.
typedef struct opsig_rows_scale_arguments {
  int32_t precision;
  int32_t reserved;
  int64_t vectors;
  int64_t rows;
  int64_t columns;
  const void* factors;
  void* values;
  int64_t vector_stride;
} opsig_rows_scale_arguments;

#endif  // OPSIG_ROWS_H
