// Products of small matrices on one thread: C += A B, without packing. B and C have rows of whole registers (their owner
// pads them), A is read element by element with any strides, so that it may be transposed.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace opsig {

#if defined(__AVX512F__)
constexpr int64_t kPanelRegisterBytes = 64;
#else
constexpr int64_t kPanelRegisterBytes = 32;
#endif

// Elements of a register.
template <class T>
constexpr int64_t kPanelLanes = kPanelRegisterBytes / static_cast<int64_t>(sizeof(T));

// Columns rounded up to whole registers.
template <class T>
constexpr int64_t panel_columns(int64_t columns) {
  return (columns + kPanelLanes<T> - 1) / kPanelLanes<T> * kPanelLanes<T>;
}

namespace panel {

template <class T>
using Lanes __attribute__((vector_size(kPanelRegisterBytes))) = T;

// 6 rows by 2 registers: 12 independent chains hide the latency of the multiply-add, and leave room for operands in 16
// registers.
constexpr int kTileRows = 6;
constexpr int kTileRegisters = 2;

template <class T>
Lanes<T> load(const T* from) {
  Lanes<T> value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T, int Rows, int Registers>
void tile(int64_t depth, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t ldb, T* c, int64_t ldc) {
  // Each register is copied by itself: an array that is copied whole lives in memory.
  Lanes<T> sums[Rows][Registers];
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < Registers; ++v) sums[r][v] = load(c + r * ldc + v * kPanelLanes<T>);
  for (int64_t p = 0; p < depth; ++p) {
    Lanes<T> right[Registers];
#pragma GCC unroll 2
    for (int v = 0; v < Registers; ++v) right[v] = load(b + p * ldb + v * kPanelLanes<T>);
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
      const T left = a[r * a_row + p * a_column];
#pragma GCC unroll 2
      for (int v = 0; v < Registers; ++v) sums[r][v] += left * right[v];
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < Registers; ++v) std::memcpy(c + r * ldc + v * kPanelLanes<T>, &sums[r][v], sizeof(Lanes<T>));
}

template <class T, int Registers>
void column_of_tiles(int64_t rows, int64_t depth, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t ldb,
                     T* c, int64_t ldc) {
  int64_t i = 0;
  for (; i + kTileRows <= rows; i += kTileRows)
    tile<T, kTileRows, Registers>(depth, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc);
  const auto rest = [&](auto count) {
    tile<T, decltype(count)::value, Registers>(depth, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc);
  };
  switch (rows - i) {
    case 1: return rest(std::integral_constant<int, 1>{});
    case 2: return rest(std::integral_constant<int, 2>{});
    case 3: return rest(std::integral_constant<int, 3>{});
    case 4: return rest(std::integral_constant<int, 4>{});
    case 5: return rest(std::integral_constant<int, 5>{});
  }
}

}  // namespace panel

// C [rows, columns] += A [rows, depth] B [depth, columns], with A(i, p) at a[i a_row + p a_column]; columns are whole registers.
template <class T>
void add_panel_product(int64_t rows, int64_t columns, int64_t depth, const T* a, int64_t a_row, int64_t a_column, const T* b,
                       int64_t ldb, T* c, int64_t ldc) {
  constexpr int64_t kWide = panel::kTileRegisters * kPanelLanes<T>;
  int64_t j = 0;
  for (; j + kWide <= columns; j += kWide)
    panel::column_of_tiles<T, panel::kTileRegisters>(rows, depth, a, a_row, a_column, b + j, ldb, c + j, ldc);
  for (; j < columns; j += kPanelLanes<T>)
    panel::column_of_tiles<T, 1>(rows, depth, a, a_row, a_column, b + j, ldb, c + j, ldc);
}

}  // namespace opsig
