// Rearrangements and sums of whole tensors; all bound by memory.
#include "opsig/layout.h"

#include "followed_element.cuh"

namespace {

using namespace opsig;

// A block of 32 x 8 threads moves a tile of 32 x 32 through shared memory, so that reads and writes are both coalesced.
// The odd pitch keeps the transposed reads free of bank conflicts.
template <class T>
struct TransposeTile {
  T at[32][33];
};

template <class T>
OPSIG_DEVICE void transpose_planes(const opsig_transpose_planes_arguments& a) {
  OPSIG_SHARED(TransposeTile<T>, tile);
  const int x = static_cast<int>(threadIdx.x) % 32, y = static_cast<int>(threadIdx.x) / 32;
  const int64_t column_tiles = (a.columns + 31) / 32, tiles = (a.rows + 31) / 32 * column_tiles;
  for (int64_t index = blockIdx.x; index < a.count * tiles; index += gridDim.x) {
    const int64_t plane = index / tiles * a.rows * a.columns;
    const int64_t r0 = index % tiles / column_tiles * 32, c0 = index % tiles % column_tiles * 32;
    const T* in = static_cast<const T*>(a.in) + plane;
    T* out = static_cast<T*>(a.out) + plane;
    for (int r = y; r < 32; r += 8)
      if (r0 + r < a.rows && c0 + x < a.columns) tile.at[r][x] = in[(r0 + r) * a.columns + c0 + x];
    __syncthreads();
    for (int c = y; c < 32; c += 8)
      if (c0 + c < a.columns && r0 + x < a.rows) {
        const int64_t to = (c0 + c) * a.rows + r0 + x;
        out[to] = a.accumulate ? out[to] + tile.at[x][c] : tile.at[x][c];
      }
    __syncthreads();
  }
}

template <class T>
OPSIG_DEVICE void add(const opsig_add_arguments& s) {
  const T *a = static_cast<const T*>(s.a), *b = static_cast<const T*>(s.b);
  T* out = static_cast<T*>(s.out);
  if (s.then.pass == OPSIG_NO_PASS) {
    over_elements<4>(s.count, [&](int64_t i) { out[i] = (s.accumulate ? out[i] : T(0)) + a[i] + (b ? b[i] : T(0)); });
  } else {
    over_elements(s.then.count, [&](int64_t i) {
      for (int64_t at = i; at < s.count; at += s.then.count)
        follow_element(s.then, out, i, at, a[at] + (b ? b[at] : T(0)));
    });
  }
}

// Two stages: partial[j, block, c] over blocks of rows, then their sum. 32 x 8 threads take 32 columns; a warp reads a
// run of a row, and the eight partial sums of a column meet in shared memory.
constexpr int64_t kBlockRows = 512;

template <class T>
struct ColumnStorage {
  T sums[8][32];
};

template <class T>
OPSIG_DEVICE void column_sums(const opsig_column_sums_arguments& a, T* partial) {
  OPSIG_SHARED(ColumnStorage<T>, storage);
  const int x = static_cast<int>(threadIdx.x) % 32, y = static_cast<int>(threadIdx.x) / 32;
  const int64_t blocks = (a.rows + kBlockRows - 1) / kBlockRows;
  const int64_t column = static_cast<int64_t>(blockIdx.x) * 32 + x, block = blockIdx.y, j = blockIdx.z;
  const T* in = static_cast<const T*>(a.in) + j * a.in_vector_stride;
  T sum = 0;
  if (column < a.columns)
    for (int64_t r = block * kBlockRows + y; r < min(a.rows, (block + 1) * kBlockRows); r += 8)
      sum += in[r * a.columns + column];
  storage.sums[y][x] = sum;
  __syncthreads();
  if (y == 0 && column < a.columns) {
    for (int i = 1; i < 8; ++i) sum += storage.sums[i][x];
    partial[(j * blocks + block) * a.columns + column] = sum;
  }
}

template <class T>
OPSIG_DEVICE void column_sums_finish(const opsig_column_sums_arguments& a, const T* partial) {
  const int64_t blocks = (a.rows + kBlockRows - 1) / kBlockRows;
  over_elements(a.vectors * a.columns, [&](int64_t i) {
    const int64_t j = i / a.columns, column = i % a.columns;
    T sum = 0;
    for (int64_t block = 0; block < blocks; ++block) sum += partial[(j * blocks + block) * a.columns + column];
    static_cast<T*>(a.out)[j * a.out_vector_stride + column] += sum;
  });
}

// A warp per sample and vector; sums[j, n] without what `out` held before, which lies on the host.
template <class T>
OPSIG_DEVICE void sample_dots(const opsig_sample_dots_arguments& s, double* sums) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int64_t warps = static_cast<int64_t>(gridDim.x) * blockDim.x / kWarp;
  for (int64_t i = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / kWarp; i < s.vectors * s.samples;
       i += warps) {
    const int64_t j = i / s.samples, n = i % s.samples;
    const T* a = static_cast<const T*>(s.a) + j * s.a_vector_stride + n * s.features;
    const T* b = static_cast<const T*>(s.b) + j * s.b_vector_stride + n * s.features;
    double sum = 0;
    for (int64_t f = lane; f < s.features; f += kWarp) sum += static_cast<double>(a[f]) * static_cast<double>(b[f]);
    sum = warp_sum(sum);
    if (lane == 0) sums[i] = s.scale * sum;
  }
}

// out_j[n] = sums[j, n] g[n]. A thread reads its element of g, which may lie where the first vector's result goes,
// once.
template <class T>
OPSIG_DEVICE void sample_scale(const opsig_sample_projections_arguments& s, const double* sums) {
  const int64_t elements = s.samples * s.features;
  over_elements(elements, [&](int64_t i) {
    const double g = static_cast<double>(static_cast<const T*>(s.gradient)[i]);
    for (int64_t j = 0; j < s.vectors; ++j)
      static_cast<T*>(s.out)[j * elements + i] = static_cast<T>(sums[j * s.samples + i / s.features] * g);
  });
}

}  // namespace

OPSIG_KERNELS(transpose_planes, 256, (opsig_transpose_planes_arguments a), (a))
OPSIG_KERNELS(add, 256, (opsig_add_arguments a), (a))
OPSIG_KERNEL(column_sums_float32, 256, opsig_column_sums_arguments a, float* partial) { column_sums(a, partial); }
OPSIG_KERNEL(column_sums_float64, 256, opsig_column_sums_arguments a, double* partial) { column_sums(a, partial); }
OPSIG_KERNEL(column_sums_finish_float32, 256, opsig_column_sums_arguments a, const float* p) {
  column_sums_finish(a, p);
}
OPSIG_KERNEL(column_sums_finish_float64, 256, opsig_column_sums_arguments a, const double* p) {
  column_sums_finish(a, p);
}
OPSIG_KERNELS(sample_dots, 256, (opsig_sample_dots_arguments a, double* sums), (a, sums))
OPSIG_KERNELS(sample_scale, 256, (opsig_sample_projections_arguments s, const double* sums), (s, sums))
