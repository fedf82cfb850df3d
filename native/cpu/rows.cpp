// Bound by memory: each element is read and written once.
#include "opsig/rows.h"

#include <algorithm>

#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;
using Arguments = opsig_rows_arguments;

// Columns that one thread sums at a time: a few cache lines.
constexpr int64_t kBlock = 64;

template <class T>
void copy(const Arguments& a) {
#pragma omp parallel for collapse(2) if (a.vectors * a.rows * a.columns > kParallelElements)
  for (int64_t j = 0; j < a.vectors; ++j)
    for (int64_t n = 0; n < a.rows; ++n) {
      T* out = static_cast<T*>(a.out) + j * a.out_vector_stride + n * a.out_row_stride;
      if (a.in == nullptr) {
        if (!a.accumulate) std::fill(out, out + a.columns, T(0));
        continue;
      }
      const T* in = static_cast<const T*>(a.in) + j * a.in_vector_stride + n * a.in_row_stride;
      if (a.accumulate)
        for (int64_t i = 0; i < a.columns; ++i) out[i] += in[i];
      else
        std::copy(in, in + a.columns, out);
    }
}

template <class T>
void sum(const Arguments& a) {
#pragma omp parallel for collapse(2) if (a.vectors * a.rows * a.columns > kParallelElements)
  for (int64_t j = 0; j < a.vectors; ++j)
    for (int64_t begin = 0; begin < a.columns; begin += kBlock) {
      const int64_t end = std::min(a.columns, begin + kBlock);
      T* out = static_cast<T*>(a.out) + j * a.out_vector_stride;
      for (int64_t n = 0; n < a.rows; ++n) {
        const T* in = static_cast<const T*>(a.in) + j * a.in_vector_stride + n * a.in_row_stride;
        for (int64_t i = begin; i < end; ++i) out[i] += in[i];
      }
    }
}

template <class T>
void scale(const opsig_rows_scale_arguments& a) {
  const T* factors = static_cast<const T*>(a.factors);
#pragma omp parallel for collapse(2) if (a.vectors * a.rows * a.columns > kParallelElements)
  for (int64_t j = 0; j < a.vectors; ++j)
    for (int64_t n = 0; n < a.rows; ++n) {
      T* row = static_cast<T*>(a.values) + j * a.vector_stride + n * a.columns;
      for (int64_t i = 0; i < a.columns; ++i) row[i] *= factors[n];
    }
}

template <class AnyArguments>
void check(const AnyArguments& a) {
  require(a.vectors >= 1 && a.rows >= 1 && a.columns >= 1, "extents must be positive");
}

}  // namespace

OPSIG_OPERATION(rows_copy, opsig_rows_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) { copy<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(rows_sum, opsig_rows_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) { sum<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(rows_scale, opsig_rows_scale_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) { scale<decltype(zero)>(arguments); });
}
