// C_j = [accumulate] C_j + sum_t op(A_tj) op(B_tj) + bias_j for K vectors in one launch; see tile_product.cuh. Blocks of several
// vectors that share an operand read it from the second-level cache.
#include "opsig/products.h"

#include "tile_product.cuh"

namespace {

using namespace opsig;
using Arguments = opsig_product_arguments;

// A matrix whose lines and depth are strides.
template <class T>
struct MatrixOperand {
  struct Line {
    const T* first;
  };
  struct Step {
    int64_t offset;
  };

  OPSIG_DEVICE MatrixOperand(const opsig_operand& matrix, int64_t vector, int64_t lines, bool lines_are_rows)
      : data_(static_cast<const T*>(matrix.data) + vector * matrix.vector_stride), lines_(lines) {
    const bool along_lines = lines_are_rows == (matrix.transposed != 0);
    line_stride_ = along_lines ? 1 : matrix.leading;
    depth_stride_ = along_lines ? matrix.leading : 1;
    depth_contiguous = !along_lines;
    constexpr int64_t kVector = 16 / sizeof(T);
    wide = along_lines && reinterpret_cast<uint64_t>(data_) % 16 == 0 && matrix.leading % kVector == 0 && lines % kVector == 0;
  }

  OPSIG_DEVICE Line line(int64_t i) const { return {i < lines_ ? data_ + i * line_stride_ : nullptr}; }
  OPSIG_DEVICE Step step(int64_t k) const { return {k * depth_stride_}; }
  OPSIG_DEVICE const T* at(Line line, Step step) const { return line.first == nullptr ? nullptr : line.first + step.offset; }

  bool depth_contiguous, wide;

 private:
  const T* data_;
  int64_t lines_, line_stride_, depth_stride_;
};

template <class T>
struct Operands {
  const Arguments& p;
  int64_t vector;
  OPSIG_DEVICE MatrixOperand<T> a(int term) const { return {p.a[term], vector, p.rows, true}; }
  OPSIG_DEVICE MatrixOperand<T> b(int term) const { return {p.b[term], vector, p.columns, false}; }
};

// [accumulate] c + bias + value into C.
template <class T>
OPSIG_DEVICE void finish(const Arguments& p, int64_t vector, int64_t row, int64_t column, T value) {
  T* c = static_cast<T*>(p.c) + vector * p.c_vector_stride + row * p.c_leading + column;
  if (p.bias != nullptr) value += static_cast<const T*>(p.bias)[vector * p.bias_vector_stride + column];
  *c = p.accumulate ? *c + value : value;
}

template <class T, int Tile>
OPSIG_DEVICE void product(const Arguments& p, const TilePlan& plan) {
  const int64_t column_tiles = (p.columns + Tile - 1) / Tile, vector = blockIdx.y, share = blockIdx.z;
  const int64_t r0 = blockIdx.x / column_tiles * Tile, c0 = blockIdx.x % column_tiles * Tile;
  const int64_t begin = share * plan.depth_of_share, end = min(p.depth, begin + plan.depth_of_share);
  tiled_product<T, Tile, MatrixOperand<T>, MatrixOperand<T>>(
      p.terms, begin, end, r0, c0, Operands<T>{p, vector}, [&](int i, int j, T value) {
        const int64_t row = r0 + i, column = c0 + j;
        if (row >= p.rows || column >= p.columns) return;
        if (plan.partial != nullptr)
          static_cast<T*>(plan.partial)[((share * p.vectors + vector) * p.rows + row) * p.columns + column] = value;
        else
          finish(p, vector, row, column, value);
      });
}

// Adds the shares of the depth in their order.
template <class T>
OPSIG_DEVICE void product_finish(const Arguments& p, const T* partial, int64_t shares) {
  const int64_t matrix = p.rows * p.columns;
  over_elements(p.vectors * matrix, [&](int64_t i) {
    T sum = 0;
    for (int64_t share = 0; share < shares; ++share) sum += partial[share * p.vectors * matrix + i];
    finish(p, i / matrix, i % matrix / p.columns, i % p.columns, sum);
  });
}

// C [+]= bias: what is left of a product without terms or depth.
template <class T>
OPSIG_DEVICE void product_empty(const Arguments& p) {
  const int64_t matrix = p.rows * p.columns;
  over_elements(p.vectors * matrix,
                [&](int64_t i) { finish(p, i / matrix, i % matrix / p.columns, i % p.columns, T(0)); });
}

}  // namespace

OPSIG_KERNEL(product_128_float32, 256, opsig_product_arguments p, TilePlan plan) { product<float, 128>(p, plan); }
OPSIG_KERNEL(product_64_float32, 256, opsig_product_arguments p, TilePlan plan) { product<float, 64>(p, plan); }
OPSIG_KERNEL(product_32_float32, 256, opsig_product_arguments p, TilePlan plan) { product<float, 32>(p, plan); }
OPSIG_KERNEL(product_64_float64, 256, opsig_product_arguments p, TilePlan plan) { product<double, 64>(p, plan); }
OPSIG_KERNEL(product_32_float64, 256, opsig_product_arguments p, TilePlan plan) { product<double, 32>(p, plan); }
OPSIG_KERNEL(product_finish_float32, 256, opsig_product_arguments p, const float* partial, int64_t shares) {
  product_finish(p, partial, shares);
}
OPSIG_KERNEL(product_finish_float64, 256, opsig_product_arguments p, const double* partial, int64_t shares) {
  product_finish(p, partial, shares);
}
OPSIG_KERNELS(product_empty, 256, (opsig_product_arguments p), (p))
