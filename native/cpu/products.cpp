#include "opsig/products.h"

#include <algorithm>

#include "activation_pass.h"
#include "gemm.h"
#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;

template <class T>
void fill_with_bias(T* c, int64_t rows, int64_t columns, int64_t leading, const T* bias, bool accumulate) {
#pragma omp parallel for if (rows * columns > kParallelElements)
  for (int64_t i = 0; i < rows; ++i) {
    T* row = c + i * leading;
    if (accumulate)
      for (int64_t j = 0; j < columns; ++j) row[j] += bias[j];
    else
      std::copy(bias, bias + columns, row);
  }
}

// oneDNN has another kernel, with other last bits, for products of fewer rows.
constexpr int64_t kFewestStackedRows = 16;

// Vectors whose rows of op(A) and C follow each other and share B and the bias are one taller product, unless that
// would give other bits than one vector at a time.
bool stacks(const opsig_product_arguments& p) {
  if (p.vectors == 1 || p.rows < kFewestStackedRows || p.c_vector_stride != p.rows * p.c_leading) return false;
  if (p.bias != nullptr && p.bias_vector_stride != 0) return false;
  for (int t = 0; t < p.terms; ++t)
    if (p.a[t].transposed || p.a[t].vector_stride != p.rows * p.a[t].leading || p.b[t].vector_stride != 0) return false;
  return true;
}

template <class T>
void product(opsig_product_arguments p) {
  if (stacks(p)) {
    p.rows *= p.vectors;
    p.vectors = 1;
  }
  for (int64_t j = 0; j < p.vectors; ++j) {
    T* c = static_cast<T*>(p.c) + j * p.c_vector_stride;
    bool add = p.accumulate != 0;
    if (p.bias != nullptr) {
      fill_with_bias(c, p.rows, p.columns, p.c_leading, static_cast<const T*>(p.bias) + j * p.bias_vector_stride, add);
      add = true;
    }
    for (int t = 0; t < p.terms; ++t) {
      const opsig_operand &a = p.a[t], &b = p.b[t];
      gemm(a.transposed != 0, b.transposed != 0, p.rows, p.columns, p.depth,
           static_cast<const T*>(a.data) + j * a.vector_stride, a.leading,
           static_cast<const T*>(b.data) + j * b.vector_stride, b.leading, add ? T(1) : T(0), c, p.c_leading);
      add = true;
    }
  }
}

}  // namespace

OPSIG_OPERATION(product, opsig_product_arguments) {
  require(arguments.terms >= 1 && arguments.terms <= 2, "a product has one or two terms");
  with_precision(arguments.precision, [&](auto zero) { product<decltype(zero)>(arguments); });
  go_on(arguments.then, arguments.accumulate != 0);
}
