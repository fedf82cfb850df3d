// A strided batch of column-major products, C = alpha op(A) op(B) + beta C, op(A) [m, k] and op(B) [k, n], by the
// definition.
#pragma once

#include <cstdint>

#include "stand_in.h"

namespace stand_in {

struct Matrix {
  const void* data;
  int64_t leading, stride;
  bool transposed;

  template <typename T>
  double at(int64_t batch, int64_t row, int64_t column) const {
    const T* first = static_cast<const T*>(data) + batch * stride;
    return transposed ? first[column + row * leading] : first[row + column * leading];
  }
};

template <typename T>
void multiply(int64_t m, int64_t n, int64_t k, double alpha, const Matrix& a, const Matrix& b, double beta, T* c,
              int64_t c_leading, int64_t c_stride, int64_t batches, const T* bias, int64_t bias_stride) {
  for (int64_t batch = 0; batch < batches; ++batch)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t i = 0; i < m; ++i) {
        double sum = 0;
        for (int64_t p = 0; p < k; ++p) sum += a.at<T>(batch, i, p) * b.at<T>(batch, p, j);
        T& to = c[batch * c_stride + i + j * c_leading];
        // With beta zero the content of C, which may be NaN, is not read.
        const double kept = beta == 0 ? 0 : beta * to;
        const double shift = bias == nullptr ? 0 : bias[batch * bias_stride + i];
        to = static_cast<T>(result(alpha * sum) + kept + shift);
      }
}

}  // namespace stand_in
