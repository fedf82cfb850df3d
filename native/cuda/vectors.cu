// Blocks of long vectors. Their operations are bound by memory: with P = 1e7 and 20 rows of float32 a combination
// streams 800 MB and does one multiply-add in float64 per element read, a sixth of what an H100 could do meanwhile.
// The inner products of what a combination writes cost no reading.
#include "opsig/vectors.h"

#include "kernel.cuh"
#include "math/whitening.h"

namespace {

using namespace opsig;

// Elements of one partial sum. Fixed, so that the reduction tree depends on the length alone.
constexpr int64_t kChunk = 8192;
// A block computes the products of so many left and right rows at once, reading each row once.
constexpr int kTile = 4;
constexpr int kThreads = 256;

// partial[chunk, pair]. Tiles of one chunk are neighbours in the grid, so that rows which several of them read come
// from L2.
template <class T>
OPSIG_DEVICE void inner_products(const opsig_inner_products_arguments& a, double* partial) {
  OPSIG_SHARED(BlockSumStorage<double>, storage);
  const int tiles_right = (a.right_count + kTile - 1) / kTile;
  const int tiles = (a.left_count + kTile - 1) / kTile * tiles_right;
  const int64_t chunk = blockIdx.x / tiles;
  const int tile = static_cast<int>(blockIdx.x % tiles);
  const int i0 = tile / tiles_right * kTile, j0 = tile % tiles_right * kTile;
  const int64_t end = min(a.length, (chunk + 1) * kChunk);
  const T* left = static_cast<const T*>(a.left) + i0 * a.left_stride;
  const T* right = static_cast<const T*>(a.right) + j0 * a.right_stride;
  double sums[kTile][kTile] = {};
  for (int64_t p = chunk * kChunk + threadIdx.x; p < end; p += kThreads) {
    double x[kTile], y[kTile];
#pragma unroll
    for (int i = 0; i < kTile; ++i)
      x[i] = i0 + i < a.left_count ? static_cast<double>(left[i * a.left_stride + p]) : 0.0;
#pragma unroll
    for (int j = 0; j < kTile; ++j)
      y[j] = j0 + j < a.right_count ? static_cast<double>(right[j * a.right_stride + p]) : 0.0;
#pragma unroll
    for (int i = 0; i < kTile; ++i)
#pragma unroll
      for (int j = 0; j < kTile; ++j) sums[i][j] += x[i] * y[j];
  }
  const int64_t pairs = static_cast<int64_t>(a.left_count) * a.right_count;
#pragma unroll
  for (int i = 0; i < kTile; ++i)
#pragma unroll
    for (int j = 0; j < kTile; ++j) {
      const double sum = block_sum(sums[i][j], storage);
      __syncthreads();
      if (threadIdx.x == 0 && i0 + i < a.left_count && j0 + j < a.right_count)
        partial[chunk * pairs + static_cast<int64_t>(i0 + i) * a.right_count + j0 + j] = sum;
    }
}

// output_j = scale output_j + sum_i c[i, j] input_i for kOutputs rows at a time, so that an input is read once for all
// of them. blockIdx.y is the tile of outputs.
constexpr int kOutputs = 8;

// sums[j] = scale output_{j0 + j} + sum_i factor c[i, j0 + j] input_i at p, written back rounded, for j < outputs.
template <class T, int Most>
OPSIG_DEVICE void combined(const opsig_combine_arguments& a, const T* input, T* output, int j0, int outputs, int64_t p,
                           double (&sums)[Most]) {
  if (a.scale != 0) {
#pragma unroll
    for (int j = 0; j < Most; ++j)
      if (j < outputs) sums[j] = a.scale * static_cast<double>(output[j * a.output_stride + p]);
  }
  for (int i = 0; i < a.input_count; ++i) {
    const double value = static_cast<double>(input[i * a.input_stride + p]);
    const double* coefficients = a.coefficients + static_cast<int64_t>(i) * a.output_count + j0;
#pragma unroll
    for (int j = 0; j < Most; ++j)
      if (j < outputs) sums[j] += a.factor * coefficients[j] * value;
  }
#pragma unroll
  for (int j = 0; j < Most; ++j)
    if (j < outputs) output[j * a.output_stride + p] = static_cast<T>(sums[j]);
}

template <class T>
OPSIG_DEVICE void combine(const opsig_combine_arguments& a) {
  const int j0 = static_cast<int>(blockIdx.y) * kOutputs;
  const T* input = static_cast<const T*>(a.input);
  T* output = static_cast<T*>(a.output) + j0 * a.output_stride;
  over_elements(a.length, [&](int64_t p) {
    double sums[kOutputs] = {};
    combined(a, input, output, j0, min(kOutputs, a.output_count - j0), p, sums);
  });
}

// combine for at most Most rows, and partial[chunk, i, j] of the inner products of the rows written. Eight rows take 36
// sums and so many registers that few threads hide the latency of memory; four or less take ten.
template <class T, int Most>
OPSIG_DEVICE void combine_inner(const opsig_combine_arguments& a, double* partial) {
  OPSIG_SHARED(BlockSumStorage<double>, storage);
  const int64_t begin = blockIdx.x * kChunk, end = min(a.length, begin + kChunk);
  const int outputs = a.output_count;
  const T* input = static_cast<const T*>(a.input);
  T* output = static_cast<T*>(a.output);
  // The lower triangle, row by row.
  double inner[Most * (Most + 1) / 2] = {};
  for (int64_t p = begin + threadIdx.x; p < end; p += kThreads) {
    double sums[Most] = {};
    combined(a, input, output, 0, outputs, p, sums);
#pragma unroll
    for (int i = 0; i < Most; ++i) {
      // Of the numbers as they were rounded.
      sums[i] = static_cast<double>(static_cast<T>(sums[i]));
#pragma unroll
      for (int j = 0; j <= i; ++j) inner[i * (i + 1) / 2 + j] += sums[i] * sums[j];
    }
  }
  double* at = partial + static_cast<int64_t>(blockIdx.x) * outputs * outputs;
#pragma unroll
  for (int i = 0; i < Most; ++i)
#pragma unroll
    for (int j = 0; j <= i; ++j)
      if (i < outputs) {
        const double sum = block_sum(inner[i * (i + 1) / 2 + j], storage);
        __syncthreads();
        if (threadIdx.x == 0) at[i * outputs + j] = at[j * outputs + i] = sum;
      }
}

template <class T>
OPSIG_DEVICE void combine_inner_4(const opsig_combine_arguments& a, double* partial) {
  combine_inner<T, 4>(a, partial);
}

template <class T>
OPSIG_DEVICE void combine_inner_8(const opsig_combine_arguments& a, double* partial) {
  combine_inner<T, 8>(a, partial);
}

// A block of threads as a team.
struct Block {
  template <class Body>
  OPSIG_DEVICE void each(int64_t count, const Body& body) const {
    for (int64_t i = threadIdx.x; i < count; i += blockDim.x) body(i);
    __syncthreads();
  }
  OPSIG_DEVICE void wait() const { __syncthreads(); }
};

// Small matrices are worked on in shared memory.
constexpr int kWhitenedInShared = 24;

struct WhiteningStorage {
  double g[kWhitenedInShared * kWhitenedInShared], c[kWhitenedInShared * kWhitenedInShared];
};

}  // namespace

OPSIG_KERNELS(combine_inner_4, 256, (opsig_combine_arguments a, double* partial), (a, partial))
OPSIG_KERNELS(combine_inner_8, 256, (opsig_combine_arguments a, double* partial), (a, partial))

OPSIG_KERNEL(whitening, 128, opsig_whitening_arguments a) {
  OPSIG_SHARED(WhiteningStorage, storage);
  const Block block;
  if (a.count > kWhitenedInShared) {
    whiten(block, a, a.gram, a.coefficients);
  } else {
    block.each(a.count * a.count, [&](int64_t at) { storage.g[at] = a.gram[at]; });
    whiten(block, a, storage.g, storage.c);
  }
}

OPSIG_KERNELS(inner_products, 256, (opsig_inner_products_arguments a, double* partial), (a, partial))
OPSIG_KERNELS(combine, 256, (opsig_combine_arguments a), (a))

// sums[pair] = sum over chunks of partial[chunk, pair], one block per pair.
OPSIG_KERNEL(inner_products_finish, 256, const double* partial, int64_t chunks, int64_t pairs, double* sums) {
  OPSIG_SHARED(BlockSumStorage<double>, storage);
  double sum = 0;
  for (int64_t chunk = threadIdx.x; chunk < chunks; chunk += blockDim.x) sum += partial[chunk * pairs + blockIdx.x];
  sum = block_sum(sum, storage);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}
