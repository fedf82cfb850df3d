// Bound by memory: each element is read and written once.
#include "opsig/rows.h"

#include "kernel.cuh"

namespace {

using namespace opsig;
using Arguments = opsig_rows_arguments;

template <class T>
OPSIG_DEVICE void rows_copy(const Arguments& a) {
  over_elements<4>(a.vectors * a.rows * a.columns, [&](int64_t i) {
    const int64_t row = i / a.columns, column = i % a.columns, j = row / a.rows, n = row % a.rows;
    T* out = static_cast<T*>(a.out) + j * a.out_vector_stride + n * a.out_row_stride + column;
    const T value =
        a.in == nullptr ? T(0) : static_cast<const T*>(a.in)[j * a.in_vector_stride + n * a.in_row_stride + column];
    *out = a.accumulate ? *out + value : value;
  });
}

// A thread per column: neighbours read neighbours, and the rows come in their order.
template <class T>
OPSIG_DEVICE void rows_sum(const Arguments& a) {
  over_elements(a.vectors * a.columns, [&](int64_t i) {
    const int64_t j = i / a.columns, column = i % a.columns;
    const T* in = static_cast<const T*>(a.in) + j * a.in_vector_stride + column;
    T* out = static_cast<T*>(a.out) + j * a.out_vector_stride + column;
    T sum = *out;
#pragma unroll 4
    for (int64_t n = 0; n < a.rows; ++n) sum += in[n * a.in_row_stride];
    *out = sum;
  });
}

template <class T>
OPSIG_DEVICE void rows_scale(const opsig_rows_scale_arguments& a) {
  over_elements<4>(a.vectors * a.rows * a.columns, [&](int64_t i) {
    const int64_t row = i / a.columns, j = row / a.rows, n = row % a.rows;
    static_cast<T*>(a.values)[j * a.vector_stride + n * a.columns + i % a.columns] *=
        static_cast<const T*>(a.factors)[n];
  });
}

}  // namespace

OPSIG_KERNELS(rows_copy, 256, (opsig_rows_arguments a), (a))
OPSIG_KERNELS(rows_sum, 256, (opsig_rows_arguments a), (a))
OPSIG_KERNELS(rows_scale, 256, (opsig_rows_scale_arguments a), (a))
