// Bound by memory. Threads share the columns when rows are added to a table, so that each element has one writer and
// the order of its sum is that of the rows.
#include "opsig/embedding.h"

#include <algorithm>

#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;
using Arguments = opsig_embedding_arguments;

constexpr int64_t kBlock = 64;

template <class T>
void forward(const Arguments& a) {
#pragma omp parallel for collapse(2) if (a.vectors * a.rows * a.width > kParallelElements)
  for (int64_t j = 0; j < a.vectors; ++j)
    for (int64_t n = 0; n < a.rows; ++n) {
      const T* in = static_cast<const T*>(a.in) + j * a.in_vector_stride + a.tokens[n] * a.width;
      std::copy(in, in + a.width, static_cast<T*>(a.out) + j * a.out_vector_stride + n * a.width);
    }
}

template <class T>
void backward(const Arguments& a) {
#pragma omp parallel for collapse(2) if (a.vectors * a.rows * a.width > kParallelElements)
  for (int64_t j = 0; j < a.vectors; ++j)
    for (int64_t begin = 0; begin < a.width; begin += kBlock) {
      const int64_t end = std::min(a.width, begin + kBlock);
      for (int64_t n = 0; n < a.rows; ++n) {
        const T* in = static_cast<const T*>(a.in) + j * a.in_vector_stride + n * a.width;
        T* out = static_cast<T*>(a.out) + j * a.out_vector_stride + a.tokens[n] * a.width;
        for (int64_t i = begin; i < end; ++i) out[i] += in[i];
      }
    }
}

// A token beyond the table would reach past it.
void check(const Arguments& a) {
  require(a.vectors >= 1 && a.rows >= 1 && a.width >= 1 && a.vocabulary >= 1, "extents must be positive");
  for (int64_t n = 0; n < a.rows; ++n)
    if (a.tokens[n] < 0 || a.tokens[n] >= a.vocabulary)
      throw InvalidArgument(formatted("token %lld at row %lld is not one of %lld", static_cast<long long>(a.tokens[n]),
                                      static_cast<long long>(n), static_cast<long long>(a.vocabulary)));
}

}  // namespace

OPSIG_OPERATION(embedding_forward, opsig_embedding_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) { forward<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(embedding_backward, opsig_embedding_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) { backward<decltype(zero)>(arguments); });
}
