#include "gemm.h"

#include <dnnl.h>
#include <omp.h>

#include <algorithm>
#include <vector>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace opsig {
namespace {

constexpr int kLanes = static_cast<int>(kRegisterLanes<double>);

// Register tile: 6 rows by 2 vectors leaves room for operands in the 16 registers of AVX2 and hides the latency of the
// multiply-add (12 independent chains).
constexpr int kTileRows = 6;
constexpr int kTileColumns = 2 * kLanes;
// Panels: a block of B of kDepth x kColumns stays in L2, a block of A of kRows x kDepth in L1 and L2.
constexpr int64_t kDepth = 256;
constexpr int64_t kRows = 96;
constexpr int64_t kColumns = 512;

struct View {
  const double* data;
  int64_t row_stride;
  int64_t column_stride;
};

void pack_rows(View a, int64_t rows, int64_t depth, double* to) {
  for (int64_t i = 0; i < rows; i += kTileRows)
    for (int64_t p = 0; p < depth; ++p)
      for (int64_t r = 0; r < kTileRows; ++r)
        *to++ = i + r < rows ? a.data[(i + r) * a.row_stride + p * a.column_stride] : 0.0;
}

void pack_columns(View b, int64_t depth, int64_t columns, double* to) {
  for (int64_t j = 0; j < columns; j += kTileColumns)
    for (int64_t p = 0; p < depth; ++p)
      for (int64_t c = 0; c < kTileColumns; ++c)
        *to++ = j + c < columns ? b.data[p * b.row_stride + (j + c) * b.column_stride] : 0.0;
}

// c[rows, columns] += a b for one register tile of packed panels.
void tile(int64_t depth, const double* a, const double* b, double* c, int64_t ldc, int64_t rows, int64_t columns) {
  Lanes<double> sums[kTileRows][2] = {};
  for (int64_t p = 0; p < depth; ++p) {
    const Lanes<double> b0 = load(b + p * kTileColumns), b1 = load(b + p * kTileColumns + kLanes);
    for (int r = 0; r < kTileRows; ++r) {
      const double value = a[p * kTileRows + r];
      sums[r][0] += value * b0;
      sums[r][1] += value * b1;
    }
  }
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t j = 0; j < columns; ++j) c[r * ldc + j] += sums[r][j / kLanes][j % kLanes];
}

}  // namespace

void gemm(bool transpose_a, bool transpose_b, int64_t rows, int64_t columns, int64_t depth, const double* a,
          int64_t lda, const double* b, int64_t ldb, double beta, double* c, int64_t ldc) {
  if (beta == 0)
    for (int64_t i = 0; i < rows; ++i) std::fill(c + i * ldc, c + i * ldc + columns, 0.0);
  const View av = transpose_a ? View{a, 1, lda} : View{a, lda, 1};
  const View bv = transpose_b ? View{b, 1, ldb} : View{b, ldb, 1};
  const int64_t row_blocks = (rows + kRows - 1) / kRows;
  const int64_t column_blocks = (columns + kColumns - 1) / kColumns;
  // Each thread owns whole blocks of C and walks the depth in order: the sums do not depend on the number of threads.
  ParallelExceptions exceptions;
#pragma omp parallel for collapse(2) if (rows * columns * depth > (1 << 18))
  for (int64_t column_block = 0; column_block < column_blocks; ++column_block)
    for (int64_t row_block = 0; row_block < row_blocks; ++row_block)
      exceptions.guard([&] {
        thread_local std::vector<double> packed_a(static_cast<size_t>(kRows * kDepth));
        thread_local std::vector<double> packed_b(static_cast<size_t>((kColumns + kTileColumns) * kDepth));
        const int64_t i0 = row_block * kRows, m = std::min(kRows, rows - i0);
        const int64_t j0 = column_block * kColumns, n = std::min(kColumns, columns - j0);
        for (int64_t p0 = 0; p0 < depth; p0 += kDepth) {
          const int64_t k = std::min(kDepth, depth - p0);
          pack_rows({av.data + i0 * av.row_stride + p0 * av.column_stride, av.row_stride, av.column_stride}, m, k,
                    packed_a.data());
          pack_columns({bv.data + p0 * bv.row_stride + j0 * bv.column_stride, bv.row_stride, bv.column_stride}, k, n,
                       packed_b.data());
          for (int64_t j = 0; j < n; j += kTileColumns)
            for (int64_t i = 0; i < m; i += kTileRows)
              tile(k, packed_a.data() + i * k, packed_b.data() + j * k, c + (i0 + i) * ldc + j0 + j, ldc,
                   std::min<int64_t>(kTileRows, m - i), std::min<int64_t>(kTileColumns, n - j));
        }
      });
  exceptions.rethrow();
}

void gemm(bool transpose_a, bool transpose_b, int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t lda,
          const float* b, int64_t ldb, float beta, float* c, int64_t ldc) {
  const dnnl_status_t status = dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', rows, columns, depth, 1.0f,
                                          a, lda, b, ldb, beta, c, ldc);
  if (status != dnnl_success) throw InvalidArgument(formatted("sgemm failed with status %d", static_cast<int>(status)));
}

}  // namespace opsig
