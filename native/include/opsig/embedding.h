// Rows of a table, picked by integers.
#ifndef OPSIG_EMBEDDING_H
#define OPSIG_EMBEDDING_H

#include "opsig/opsig.h"

// Tables are [vocabulary, width], tokens [rows] in 0 .. vocabulary - 1, and what is picked [rows, width].
//   embedding_forward   out_j[n] = in_j[token n], from tables to rows; linear in the table, so its tangent too
//   embedding_backward  out_j[token n] += in_j[n], from rows to tables, in the order of n
typedef struct opsig_embedding_arguments {
  int32_t precision;
  int32_t reserved;
  int64_t vectors;
  int64_t rows;
  int64_t width;
  int64_t vocabulary;
  const int64_t* tokens;
  const void* in;
  int64_t in_vector_stride;
  void* out;
  int64_t out_vector_stride;
} opsig_embedding_arguments;

#endif  // OPSIG_EMBEDDING_H
