// Products of small matrices on one thread: C += A B, without packing. B and C have rows of whole registers (their
// owner pads them), A is read element by element with any strides, so that it may be transposed.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "lanes.h"

namespace opsig {

// Columns rounded up to whole registers.
template <class T>
constexpr int64_t panel_columns(int64_t columns) {
  return (columns + kRegisterLanes<T> - 1) / kRegisterLanes<T> * kRegisterLanes<T>;
}

namespace panel {

// Rows by registers of a tile: at least 12 independent chains hide the latency of the multiply-add, and with the
// operands they fill the 16 registers of AVX2 or the 32 of AVX-512.
#if defined(__AVX512F__)
constexpr int kTileRows = 14;
#else
constexpr int kTileRows = 6;
#endif
constexpr int kTileRegisters = 2;

template <class T, int Rows, int Registers>
void tile(int64_t depth, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t ldb, T* c, int64_t ldc) {
  // Each register is copied by itself: an array that is copied whole lives in memory.
  Lanes<T> sums[Rows][Registers];
#pragma GCC unroll 14
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < Registers; ++v) sums[r][v] = load(c + r * ldc + v * kRegisterLanes<T>);
  for (int64_t p = 0; p < depth; ++p) {
    Lanes<T> right[Registers];
#pragma GCC unroll 2
    for (int v = 0; v < Registers; ++v) right[v] = load(b + p * ldb + v * kRegisterLanes<T>);
#pragma GCC unroll 14
    for (int r = 0; r < Rows; ++r) {
      const T left = a[r * a_row + p * a_column];
#pragma GCC unroll 2
      for (int v = 0; v < Registers; ++v) sums[r][v] += left * right[v];
    }
  }
#pragma GCC unroll 14
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < Registers; ++v) store(sums[r][v], c + r * ldc + v * kRegisterLanes<T>);
}

// The tile of as many rows as there are, fewer than a whole one.
template <class T, int Registers, int... Counts>
void last_rows(int64_t rows, int64_t depth, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t ldb, T* c,
               int64_t ldc, std::integer_sequence<int, Counts...>) {
  const auto run = [&](auto count) {
    if (rows == count) tile<T, count, Registers>(depth, a, a_row, a_column, b, ldb, c, ldc);
  };
  (run(std::integral_constant<int, Counts>()), ...);
}

template <class T, int Registers>
void column_of_tiles(int64_t rows, int64_t depth, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t ldb,
                     T* c, int64_t ldc) {
  int64_t i = 0;
  for (; i + kTileRows <= rows; i += kTileRows)
    tile<T, kTileRows, Registers>(depth, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc);
  last_rows<T, Registers>(rows - i, depth, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc,
                          std::make_integer_sequence<int, kTileRows>());
}

}  // namespace panel

// Columns of C that one pass over A computes.
template <class T>
constexpr int64_t kPanelColumns = panel::kTileRegisters* kRegisterLanes<T>;

// C [rows, columns] += A [rows, depth] B [depth, columns], with A(i, p) at a[i a_row + p a_column]; columns are whole
// registers.
template <class T>
void add_panel_product(int64_t rows, int64_t columns, int64_t depth, const T* a, int64_t a_row, int64_t a_column,
                       const T* b, int64_t ldb, T* c, int64_t ldc) {
  int64_t j = 0;
  for (; j + kPanelColumns<T> <= columns; j += kPanelColumns<T>)
    panel::column_of_tiles<T, panel::kTileRegisters>(rows, depth, a, a_row, a_column, b + j, ldb, c + j, ldc);
  for (; j < columns; j += kRegisterLanes<T>)
    panel::column_of_tiles<T, 1>(rows, depth, a, a_row, a_column, b + j, ldb, c + j, ldc);
}

// The same for kPanelColumns columns with B [depth, columns] and C [rows, columns] without gaps, and A packed as it is
// read: tiles of kTileRows rows, the last one of fewer, each [depth, rows of the tile].
template <class T>
void add_packed_panel_product(int64_t rows, int64_t depth, const T* a, const T* b, T* c) {
  constexpr int64_t kColumns = kPanelColumns<T>;
  constexpr int kRows = panel::kTileRows;
  int64_t i = 0;
  for (; i + kRows <= rows; i += kRows)
    panel::tile<T, kRows, panel::kTileRegisters>(depth, a + i * depth, 1, kRows, b, kColumns, c + i * kColumns,
                                                 kColumns);
  panel::last_rows<T, panel::kTileRegisters>(rows - i, depth, a + i * depth, 1, rows - i, b, kColumns, c + i * kColumns,
                                             kColumns, std::make_integer_sequence<int, kRows>());
}

}  // namespace opsig
