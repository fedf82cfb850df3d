// Bound by memory. Adding rows to a table: the block of a token's first row adds all rows of that token, in their
// order, so that each element has one writer and no atomic operation is needed. Finding out who is first reads the
// tokens, a few KiB, from cache.
#include "opsig/embedding.h"

#include "kernel.cuh"

namespace {

using namespace opsig;
using Arguments = opsig_embedding_arguments;

template <class T>
OPSIG_DEVICE void embedding_forward(const Arguments& a) {
  over_elements<4>(a.vectors * a.rows * a.width, [&](int64_t i) {
    const int64_t row = i / a.width, column = i % a.width, j = row / a.rows, n = row % a.rows;
    static_cast<T*>(a.out)[j * a.out_vector_stride + n * a.width + column] =
        static_cast<const T*>(a.in)[j * a.in_vector_stride + a.tokens[n] * a.width + column];
  });
}

// blockIdx is (row, vector).
template <class T>
OPSIG_DEVICE void embedding_backward(const Arguments& a) {
  OPSIG_SHARED(BlockSumStorage<int>, storage);
  const int64_t first = blockIdx.x, token = a.tokens[first];
  int earlier = 0;
  for (int64_t n = threadIdx.x; n < first; n += blockDim.x) earlier += a.tokens[n] == token;
  if (block_sum(earlier, storage) > 0) return;
  const T* in = static_cast<const T*>(a.in) + blockIdx.y * a.in_vector_stride;
  T* out = static_cast<T*>(a.out) + blockIdx.y * a.out_vector_stride + token * a.width;
  for (int64_t column = threadIdx.x; column < a.width; column += blockDim.x) {
    T sum = out[column];
    for (int64_t n = first; n < a.rows; ++n)
      if (a.tokens[n] == token) sum += in[n * a.width + column];
    out[column] = sum;
  }
}

}  // namespace

OPSIG_KERNELS(embedding_forward, 256, (opsig_embedding_arguments a), (a))
OPSIG_KERNELS(embedding_backward, 256, (opsig_embedding_arguments a), (a))
