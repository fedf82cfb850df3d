#include "opsig/layout.h"

#include "activation_pass.h"
#include "column_sums.h"
#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;

template <class T>
void transpose_planes(const opsig_transpose_planes_arguments& a) {
  const T* in = static_cast<const T*>(a.in);
  T* out = static_cast<T*>(a.out);
  const int64_t plane = a.rows * a.columns;
#pragma omp parallel for if (a.count * plane > kParallelElements)
  for (int64_t n = 0; n < a.count; ++n) {
    const T* from = in + n * plane;
    T* to = out + n * plane;
    for (int64_t c = 0; c < a.columns; ++c)
      for (int64_t r = 0; r < a.rows; ++r) {
        const T value = from[r * a.columns + c];
        to[c * a.rows + r] = a.accumulate ? to[c * a.rows + r] + value : value;
      }
  }
}

template <class T>
void add(const opsig_add_arguments& s) {
  const T *a = static_cast<const T*>(s.a), *b = static_cast<const T*>(s.b);
  T* out = static_cast<T*>(s.out);
#pragma omp parallel for simd if (s.count > kParallelElements)
  for (int64_t i = 0; i < s.count; ++i) out[i] = (s.accumulate ? out[i] : T(0)) + a[i] + (b ? b[i] : T(0));
}

template <class T>
void column_sums(const opsig_column_sums_arguments& a) {
  for (int64_t j = 0; j < a.vectors; ++j)
    add_column_sums(static_cast<const T*>(a.in) + j * a.in_vector_stride, a.rows, a.columns,
                    static_cast<T*>(a.out) + j * a.out_vector_stride);
}

template <class T>
double dot(const T* a, const T* b, int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

template <class T>
void sample_dots(const opsig_sample_dots_arguments& s) {
#pragma omp parallel for collapse(2) if (s.vectors * s.samples * s.features > kParallelElements)
  for (int64_t j = 0; j < s.vectors; ++j)
    for (int64_t n = 0; n < s.samples; ++n) {
      const T* a = static_cast<const T*>(s.a) + j * s.a_vector_stride + n * s.features;
      const T* b = static_cast<const T*>(s.b) + j * s.b_vector_stride + n * s.features;
      s.out[j * s.out_vector_stride + n] += s.scale * dot(a, b, s.features);
    }
}

// Vectors in descending order: the first one's output may be the gradient.
template <class T>
void sample_projections(const opsig_sample_projections_arguments& s) {
#pragma omp parallel for if (s.vectors * s.samples * s.features > kParallelElements)
  for (int64_t n = 0; n < s.samples; ++n) {
    const T* gradient = static_cast<const T*>(s.gradient) + n * s.features;
    for (int64_t j = s.vectors - 1; j >= 0; --j) {
      const int64_t row = (j * s.samples + n) * s.features;
      const double slope = s.scale * dot(gradient, static_cast<const T*>(s.tangents) + row, s.features);
      T* out = static_cast<T*>(s.out) + row;
      for (int64_t f = 0; f < s.features; ++f) out[f] = static_cast<T>(slope * static_cast<double>(gradient[f]));
    }
  }
}

}  // namespace

OPSIG_OPERATION(transpose_planes, opsig_transpose_planes_arguments) {
  with_precision(arguments.precision, [&](auto zero) { transpose_planes<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(add, opsig_add_arguments) {
  with_precision(arguments.precision, [&](auto zero) { add<decltype(zero)>(arguments); });
  go_on(arguments.then, arguments.accumulate != 0);
}

OPSIG_OPERATION(column_sums, opsig_column_sums_arguments) {
  with_precision(arguments.precision, [&](auto zero) { column_sums<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(sample_dots, opsig_sample_dots_arguments) {
  with_precision(arguments.precision, [&](auto zero) { sample_dots<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(sample_projections, opsig_sample_projections_arguments) {
  with_precision(arguments.precision, [&](auto zero) { sample_projections<decltype(zero)>(arguments); });
}
