// Matrix products. All matrices are row-major; `leading` is the distance between rows in elements.
#ifndef OPSIG_PRODUCTS_H
#define OPSIG_PRODUCTS_H

#include "opsig/activation.h"

// One operand of a product for K vectors at once: the matrix of vector j starts at data + j * vector_stride. A stride
// of zero shares one matrix among all vectors.
typedef struct opsig_operand {
  const void* data;
  int64_t leading;
  int64_t vector_stride;
  int32_t transposed;
  int32_t reserved;
} opsig_operand;

// C_j = [accumulate] C_j + sum_t op(A_tj) op(B_tj) + bias_j, for j < vectors.
// op(A) is [rows, depth], op(B) [depth, columns], C [rows, columns]; bias [columns] is added to every row, or is null.
// A layer's tangent W ẋ + V x is one product of two terms. With `then`, C is [vectors, rows, columns] without gaps, and
// nothing is accumulated; where `then` writes over C, only that is written.
typedef struct opsig_product_arguments {
  int32_t precision;
  int32_t terms;
  int32_t accumulate;
  int32_t reserved;
  int64_t vectors;
  int64_t rows;
  int64_t columns;
  int64_t depth;
  opsig_operand a[2];
  opsig_operand b[2];
  void* c;
  int64_t c_leading;
  int64_t c_vector_stride;
  const void* bias;
  int64_t bias_vector_stride;
  opsig_activation_arguments then;
} opsig_product_arguments;

// A matrix X [rows, columns] that stays the same over many products can be packed once, in the two orders that products
// with it want. Fills the bytes of both packed forms for products with `outputs` rows or columns on the other side;
// zero where packing is not available for that precision.
typedef struct opsig_packed_size_arguments {
  int32_t precision;
  int32_t reserved;
  int64_t rows;
  int64_t columns;
  int64_t outputs;
  int64_t* by_rows_bytes;
  int64_t* by_columns_bytes;
} opsig_packed_size_arguments;

typedef struct opsig_pack_arguments {
  int32_t precision;
  int32_t reserved;
  int64_t rows;
  int64_t columns;
  int64_t outputs;
  const void* matrix;
  void* by_rows;
  void* by_columns;
} opsig_pack_arguments;

// Y_j [rows, outputs] = [accumulate] Y_j + X W_j^T + bias_j, with W_j [outputs, columns] and X packed by rows.
typedef struct opsig_packed_forward_arguments {
  int32_t precision;
  int32_t accumulate;
  int64_t vectors;
  int64_t rows;
  int64_t columns;
  int64_t outputs;
  const void* packed;
  const void* weights;
  int64_t weights_vector_stride;
  const void* bias;
  int64_t bias_vector_stride;
  void* y;
  int64_t y_vector_stride;
} opsig_packed_forward_arguments;

// G_j [outputs, columns] += D_j^T X, with D_j [rows, outputs] and X packed by columns.
typedef struct opsig_packed_gradient_arguments {
  int32_t precision;
  int32_t reserved;
  int64_t vectors;
  int64_t rows;
  int64_t columns;
  int64_t outputs;
  const void* packed;
  const void* cotangent;
  int64_t cotangent_vector_stride;
  void* gradient;
  int64_t gradient_vector_stride;
} opsig_packed_gradient_arguments;

#endif  // OPSIG_PRODUCTS_H
