// C_j = [accumulate] C_j + sum_t op(A_tj) op(B_tj) + bias_j for K vectors in one launch; see tile_product.cuh. Blocks
// of several vectors that share an operand read it from the second-level cache.
#pragma once

#include "opsig/products.h"
#include "tile_product.cuh"

namespace opsig::products {

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

  OPSIG_DEVICE MatrixOperand(const opsig_operand& matrix, int64_t vector, int64_t lines, int64_t depth,
                             bool lines_are_rows)
      : data_(static_cast<const T*>(matrix.data) + vector * matrix.vector_stride), lines_(lines) {
    const bool along_lines = lines_are_rows == (matrix.transposed != 0);
    line_stride_ = along_lines ? 1 : matrix.leading;
    depth_stride_ = along_lines ? matrix.leading : 1;
    depth_contiguous = !along_lines;
    constexpr int64_t kVector = 16 / sizeof(T);
    wide = reinterpret_cast<uint64_t>(data_) % 16 == 0 && matrix.leading % kVector == 0 &&
           (along_lines ? lines : depth) % kVector == 0;
  }

  OPSIG_DEVICE Line line(int64_t i) const { return {i < lines_ ? data_ + i * line_stride_ : nullptr}; }
  OPSIG_DEVICE Step step(int64_t k) const { return {k * depth_stride_}; }
  OPSIG_DEVICE const T* at(Line line, Step step) const {
    return line.first == nullptr ? nullptr : line.first + step.offset;
  }

  bool depth_contiguous, wide;
  static constexpr bool same_lines = false;

 private:
  const T* data_;
  int64_t lines_, line_stride_, depth_stride_;
};

template <class T>
struct Operands {
  const Arguments& p;
  int64_t vector;
  OPSIG_DEVICE MatrixOperand<T> a(int term) const { return {p.a[term], vector, p.rows, p.depth, true}; }
  OPSIG_DEVICE MatrixOperand<T> b(int term) const { return {p.b[term], vector, p.columns, p.depth, false}; }
};

// [accumulate] c + bias + value into C.
template <class T>
OPSIG_DEVICE void finish(const Arguments& p, int64_t vector, int64_t row, int64_t column, T value) {
  T* c = static_cast<T*>(p.c) + vector * p.c_vector_stride + row * p.c_leading + column;
  if (p.bias != nullptr) value += static_cast<const T*>(p.bias)[vector * p.bias_vector_stride + column];
  *c = p.accumulate ? *c + value : value;
}

// Core multiplies tiles: TileProduct or TensorProduct.
template <class Core>
OPSIG_DEVICE void product(const Arguments& p, const TilePlan& plan) {
  using T = typename Core::Number;
  constexpr int Tile = Core::kTile;
  const int64_t column_tiles = (p.columns + Tile - 1) / Tile, vector = blockIdx.y, share = blockIdx.z;
  const int64_t r0 = blockIdx.x / column_tiles * Tile, c0 = blockIdx.x % column_tiles * Tile;
  const int64_t begin = share * plan.depth_of_share, end = min(p.depth, begin + plan.depth_of_share);
  Core::template run<MatrixOperand<T>, MatrixOperand<T>>(
      p.terms, begin, end, r0, c0, Operands<T>{p, vector}, [&](int i, int j, T value) {
        const int64_t row = r0 + i, column = c0 + j;
        if (row >= p.rows || column >= p.columns) return;
        if (plan.partial != nullptr)
          static_cast<T*>(plan.partial)[((share * p.vectors + vector) * p.rows + row) * p.columns + column] = value;
        else
          finish(p, vector, row, column, value);
      });
}

}  // namespace opsig::products
