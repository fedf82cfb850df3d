// Products with a matrix X that stays the same over many of them, the inputs of a data set: X is packed once. Large
// ones take one step of Strassen's algorithm, whose sums of X's quarters are then made once, too. Each panel of a few
// columns of the product is one thread's: of the panel's operand a block stays in L1, of the other operand in L2, and a
// tile of sums in registers.
#include <algorithm>

#include "operation.h"
#include "opsig/products.h"
#include "panel_product.h"
#include "parallel.h"
#include "scratch.h"
#include "strassen.h"

namespace {

using namespace opsig;

constexpr int64_t kWidth = kPanelColumns<float>;
// Elements of such a block, 256 KiB, and the most of its depth: 48 KiB of a panel.
constexpr int64_t kBlockElements = 1 << 16, kDeepest = 384, kShallowest = 64;

// A matrix with element (i, j) at data[i row_stride + j column_stride]; one of the strides is 1.
struct View {
  const float* data;
  int64_t row_stride, column_stride;

  View block(int64_t row, int64_t column) const {
    return {data + row * row_stride + column * column_stride, row_stride, column_stride};
  }
  float at(int64_t i, int64_t j) const { return data[i * row_stride + j * column_stride]; }
};

// C [rows, columns] = A [rows, depth] B [depth, columns] by a scheme: the extents of its blocks.
struct Extents {
  Scheme scheme;
  int64_t rows, columns, depth;
  int64_t block_depth;  // of the operand that is not kept

  Extents(int64_t all_rows, int64_t all_columns, int64_t all_depth)
      : scheme(scheme_for(all_rows, all_columns, all_depth)) {
    rows = all_rows / scheme.parts;
    columns = all_columns / scheme.parts;
    depth = all_depth / scheme.parts;
    block_depth = std::clamp(kBlockElements / rows, kShallowest, kDeepest);
  }

  int64_t panels() const { return (columns + kWidth - 1) / kWidth; }
  int64_t packed_elements() const { return panels() * kWidth * depth * scheme.products; }
};

// The blocks that a sum is of, of [rows, columns] each; the second one is the first again, with no weight, where there
// is none.
struct Summands {
  View first, second;
  float sign;

  Summands(const View& matrix, int64_t parts, const BlockSum& sum, int64_t rows, int64_t columns)
      : first(matrix.block(sum.first / parts * rows, sum.first % parts * columns)),
        second(sum.sign == 0 ? first : matrix.block(sum.second / parts * rows, sum.second % parts * columns)),
        sign(sum.sign) {}

  float at(int64_t i, int64_t j) const { return sign == 0 ? first.at(i, j) : first.at(i, j) + sign * second.at(i, j); }
};

// to [panels, products, depth, kWidth] from B; columns beyond the last are zero.
void pack_panels(const Extents& e, const View& b, float* to) {
#pragma omp parallel for if (e.packed_elements() > kParallelElements)
  for (int64_t panel = 0; panel < e.panels(); ++panel) {
    const int64_t first = panel * kWidth, count = std::min(kWidth, e.columns - first);
    for (int r = 0; r < e.scheme.products; ++r) {
      const Summands sum(b, e.scheme.parts, e.scheme.right[r], e.depth, e.columns);
      float* rows = to + (panel * e.scheme.products + r) * e.depth * kWidth;
      for (int64_t p = 0; p < e.depth; ++p, rows += kWidth) {
        for (int64_t j = 0; j < count; ++j) rows[j] = sum.at(p, first + j);
        std::fill(rows + count, rows + kWidth, 0.0f);
      }
    }
  }
}

// Columns of a tile that are summed before they are written across it: a few cache lines of every row.
constexpr int64_t kStrip = 64;

// to [depth, Rows] = the sum's tile of Rows rows from row i0 on and columns from p0 on. Matrices are read in the order
// of their memory.
template <int Rows>
void pack_rows(const Summands& sum, int64_t i0, int64_t p0, int64_t depth, float* to) {
  const View first = sum.first.block(i0, p0), second = sum.second.block(i0, p0);
  const auto pack = [&](auto element) {
    if (first.row_stride == 1) {
      for (int64_t p = 0; p < depth; ++p)
        for (int r = 0; r < Rows; ++r) to[p * Rows + r] = element(r + p * first.column_stride);
      return;
    }
    for (int64_t begin = 0; begin < depth; begin += kStrip) {
      const int64_t count = std::min(kStrip, depth - begin);
      float strip[Rows][kStrip];
      for (int r = 0; r < Rows; ++r)
        for (int64_t p = 0; p < count; ++p) strip[r][p] = element(r * first.row_stride + begin + p);
      for (int64_t p = 0; p < count; ++p)
        for (int r = 0; r < Rows; ++r) to[(begin + p) * Rows + r] = strip[r][p];
    }
  };
  if (sum.sign == 0)
    pack([&](int64_t i) { return first.data[i]; });
  else
    pack([&, sign = sum.sign](int64_t i) { return first.data[i] + sign * second.data[i]; });
}

// The same for any number of rows up to those of a tile.
template <int Rows = panel::kTileRows>
void pack_tile(const Summands& sum, int64_t rows, int64_t i0, int64_t p0, int64_t depth, float* to) {
  if (rows == Rows)
    pack_rows<Rows>(sum, i0, p0, depth, to);
  else if constexpr (Rows > 1)
    pack_tile<Rows - 1>(sum, rows, i0, p0, depth, to);
}

// The sums of A's blocks, [products, depth, rows], cut into blocks of the depth, each as add_packed_panel_product reads
// it. The memory is the calling thread's, until the next product.
const float* pack_blocks(const Extents& e, const View& a) {
  struct Blocks {};
  const int64_t depth_blocks = (e.depth + e.block_depth - 1) / e.block_depth;
  float* blocks = scratch<Blocks>(e.scheme.products * e.depth * e.rows);
#pragma omp parallel for if (e.depth * e.rows > kParallelElements)
  for (int64_t index = 0; index < e.scheme.products * depth_blocks; ++index) {
    const int64_t r = index / depth_blocks, p0 = index % depth_blocks * e.block_depth,
                  p1 = std::min(p0 + e.block_depth, e.depth);
    const Summands sum(a, e.scheme.parts, e.scheme.left[r], e.rows, e.depth);
    float* to = blocks + (r * e.depth + p0) * e.rows;
    for (int64_t i0 = 0; i0 < e.rows; i0 += panel::kTileRows) {
      const int64_t rows = std::min<int64_t>(panel::kTileRows, e.rows - i0);
      pack_tile(sum, rows, i0, p0, p1 - p0, to);
      to += rows * (p1 - p0);
    }
  }
  return blocks;
}

// Calls finish(first column, number of columns, sums [all rows, kWidth]) with the columns of A B, panel by panel. The
// sums do not depend on the number of threads.
template <class Finish>
void multiply(const Extents& e, const View& a, const float* packed, Finish finish) {
  struct Sums {};
  struct Result {};
  const float* blocks = pack_blocks(e, a);
  const Scheme& scheme = e.scheme;
  const int64_t panel_size = e.rows * kWidth;
  ParallelExceptions exceptions;
#pragma omp parallel for schedule(dynamic) if (e.rows * e.columns * e.depth > kParallelElements)
  for (int64_t panel = 0; panel < e.panels(); ++panel)
    exceptions.guard([&] {
      const int64_t first = panel * kWidth, count = std::min(kWidth, e.columns - first);
      float* sums = scratch<Sums>(scheme.products * panel_size);
      std::fill(sums, sums + scheme.products * panel_size, 0.0f);
      for (int r = 0; r < scheme.products; ++r)
        for (int64_t p = 0; p < e.depth; p += e.block_depth)
          add_packed_panel_product(e.rows, std::min(e.block_depth, e.depth - p), blocks + (r * e.depth + p) * e.rows,
                                   packed + ((panel * scheme.products + r) * e.depth + p) * kWidth,
                                   sums + r * panel_size);
      float* result = scratch<Result>(scheme.parts * panel_size);
      for (int64_t column = 0; column < scheme.parts; ++column) {
        for (int64_t row = 0; row < scheme.parts; ++row)
          combine(scheme, row * scheme.parts + column, sums, panel_size, result + row * panel_size);
        finish(column * e.columns + first, count, result);
      }
    });
  exceptions.rethrow();
}

void require_float32(int32_t precision) { require(precision == OPSIG_FLOAT32, "packed products are float32 only"); }

}  // namespace

OPSIG_OPERATION(packed_size, opsig_packed_size_arguments) {
  const auto& a = arguments;
  const auto bytes = [&](int64_t columns, int64_t depth) {
    if (a.precision != OPSIG_FLOAT32) return int64_t{0};
    return Extents(a.outputs, columns, depth).packed_elements() * static_cast<int64_t>(sizeof(float));
  };
  *a.by_rows_bytes = bytes(a.rows, a.columns);
  *a.by_columns_bytes = bytes(a.columns, a.rows);
}

OPSIG_OPERATION(pack, opsig_pack_arguments) {
  const auto& a = arguments;
  require_float32(a.precision);
  const auto* x = static_cast<const float*>(a.matrix);
  pack_panels(Extents(a.outputs, a.rows, a.columns), {x, 1, a.columns}, static_cast<float*>(a.by_rows));
  pack_panels(Extents(a.outputs, a.columns, a.rows), {x, a.columns, 1}, static_cast<float*>(a.by_columns));
}

// Y^T = W X^T
OPSIG_OPERATION(packed_forward, opsig_packed_forward_arguments) {
  const auto& a = arguments;
  require_float32(a.precision);
  for (int64_t j = 0; j < a.vectors; ++j) {
    const float* weights = static_cast<const float*>(a.weights) + j * a.weights_vector_stride;
    const float* bias = a.bias ? static_cast<const float*>(a.bias) + j * a.bias_vector_stride : nullptr;
    float* y = static_cast<float*>(a.y) + j * a.y_vector_stride;
    multiply(Extents(a.outputs, a.rows, a.columns), {weights, a.columns, 1}, static_cast<const float*>(a.packed),
             [&](int64_t first, int64_t count, const float* sums) {
               for (int64_t r = 0; r < count; ++r) {
                 float* to = y + (first + r) * a.outputs;
                 for (int64_t o = 0; o < a.outputs; ++o) {
                   const float value = sums[o * kWidth + r] + (bias ? bias[o] : 0.0f);
                   to[o] = a.accumulate ? to[o] + value : value;
                 }
               }
             });
  }
}

// G = D^T X
OPSIG_OPERATION(packed_gradient, opsig_packed_gradient_arguments) {
  const auto& a = arguments;
  require_float32(a.precision);
  for (int64_t j = 0; j < a.vectors; ++j) {
    const float* cotangent = static_cast<const float*>(a.cotangent) + j * a.cotangent_vector_stride;
    float* gradient = static_cast<float*>(a.gradient) + j * a.gradient_vector_stride;
    multiply(Extents(a.outputs, a.columns, a.rows), {cotangent, 1, a.outputs}, static_cast<const float*>(a.packed),
             [&](int64_t first, int64_t count, const float* sums) {
               for (int64_t o = 0; o < a.outputs; ++o)
                 for (int64_t c = 0; c < count; ++c) gradient[o * a.columns + first + c] += sums[o * kWidth + c];
             });
  }
}
