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

// A matrix [rows, columns] that results go to, a tile or the whole, with what is added to them.
template <class T>
struct Output {
  T* first;
  int64_t leading, rows, columns;
  const T* bias;
  bool accumulate;

  OPSIG_DEVICE Output(const Arguments& p, int64_t vector)
      : first(static_cast<T*>(p.c) + vector * p.c_vector_stride),
        leading(p.c_leading),
        rows(p.rows),
        columns(p.columns),
        bias(p.bias == nullptr ? nullptr : static_cast<const T*>(p.bias) + vector * p.bias_vector_stride),
        accumulate(p.accumulate != 0) {}

  // A share's part, to which nothing is added yet.
  OPSIG_DEVICE Output(const Arguments& p, int64_t vector, int64_t share, T* partial)
      : first(partial + (share * p.vectors + vector) * p.rows * p.columns),
        leading(p.columns),
        rows(p.rows),
        columns(p.columns),
        bias(nullptr),
        accumulate(false) {}

  // What begins at a row and a column of it.
  OPSIG_DEVICE Output from(int64_t row, int64_t column) const {
    Output part = *this;
    part.first += row * leading + column;
    part.rows -= row;
    part.columns -= column;
    if (bias != nullptr) part.bias += column;
    return part;
  }

  OPSIG_DEVICE void operator()(int64_t row, int64_t column, T value) const {
    if (row >= rows || column >= columns) return;
    T* c = first + row * leading + column;
    if (bias != nullptr) value += bias[column];
    *c = accumulate ? *c + value : value;
  }
};

// A tile of C to be followed. In C, which has no gaps, the rows of all vectors follow each other, in the activation too,
// for which they may be of more vectors: one product of what vectors share stands for several.
template <class T>
struct FollowedProduct {
  const Arguments& p;
  int64_t vector, r0, c0;

  OPSIG_DEVICE RowElements row(int row) const {
    if (r0 + row >= p.rows) return {-1, -1};
    const int64_t number = vector * p.rows + r0 + row;
    return {number * p.columns + c0, number % (p.then.count / p.columns) * p.columns + c0};
  }
  OPSIG_DEVICE const activation::Arguments& then() const { return p.then; }
  OPSIG_DEVICE T* results() const { return static_cast<T*>(p.c); }
  OPSIG_DEVICE const T* bias() const {
    return p.bias == nullptr ? nullptr : static_cast<const T*>(p.bias) + vector * p.bias_vector_stride + c0;
  }
  OPSIG_DEVICE int inside() const { return static_cast<int>(min(p.columns - c0, int64_t{INT32_MAX})); }
};

// Core multiplies tiles: TileProduct, TensorProduct or WarpgroupProduct.
template <class Core>
OPSIG_DEVICE void product(const Arguments& p, const TilePlan& plan) {
  using T = typename Core::Number;
  const int64_t column_tiles = (p.columns + Core::kColumns - 1) / Core::kColumns;
  const int64_t vector = blockIdx.y, share = blockIdx.z;
  const int64_t r0 = blockIdx.x / column_tiles * Core::kRows, c0 = blockIdx.x % column_tiles * Core::kColumns;
  const int64_t begin = share * plan.depth_of_share, end = min(p.depth, begin + plan.depth_of_share);
  Core::template run<MatrixOperand<T>, MatrixOperand<T>>(
      p.terms, begin, end, r0, c0, Operands<T>{p, vector}, [&](const auto& tile, auto& memory) {
        if (plan.partial != nullptr) {
          tile.each(Output<T>(p, vector, share, static_cast<T*>(plan.partial)).from(r0, c0));
        } else if (p.then.pass == OPSIG_NO_PASS) {
          tile.each(Output<T>(p, vector).from(r0, c0));
        } else {
          follow_tile<Core>(tile, memory, FollowedProduct<T>{p, vector, r0, c0});
        }
      });
}

}  // namespace opsig::products
