// One matrix product, C = beta C + op(A) op(B), row-major: oneDNN in float32, our own register-blocked kernel in
// float64.
#pragma once

#include <cstdint>

namespace opsig {

// beta is 0 or 1; 0 overwrites C without reading it.
void gemm(bool transpose_a, bool transpose_b, int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t lda,
          const float* b, int64_t ldb, float beta, float* c, int64_t ldc);
void gemm(bool transpose_a, bool transpose_b, int64_t rows, int64_t columns, int64_t depth, const double* a,
          int64_t lda, const double* b, int64_t ldb, double beta, double* c, int64_t ldc);

}  // namespace opsig
