// What an activation that follows a product or a convolution does to a tile of its results, before they leave the
// multiprocessor (`then` of their arguments).
//
// A kernel of its own reads and writes 8 to 20 bytes per element and vector; here the results are at hand, and where the
// activation overwrites them are never written: 8 bytes less each way. For a tile of 128 x 256 an H100's memory takes 9000
// cycles of a multiprocessor for each 4 bytes of its elements; the way through shared memory, 2 * 128 KiB, takes 2048.
//
// It goes through shared memory because sums lie in registers, where only unrolled code finds them, while rows of a matrix
// are to be written whole.
#pragma once

#include "activation.cuh"

namespace opsig {

using activation::followed;
using activation::FollowingOperands;

// The elements of a row of results: where the first one lies among those of all vectors, negative for a row outside, and
// its number in the primal, which vectors share.
struct RowElements {
  int64_t at, primal;
};

// Rows of a tile in shared memory. They are 16 bytes further apart than they are wide, so that those that a warp writes at
// once begin in different banks.
template <class T, int Rows, int Columns>
struct alignas(16) FollowedTile {
  RowElements row[Rows];
  T values[Rows][Columns + 16 / sizeof(T)];
};

// The shared memory of a block of Core: at first its stages, at last its results.
template <class Core, class Stages>
union BlockMemory {
  Stages stages;
  FollowedTile<typename Core::Number, Core::kFollowedRows, Core::kColumns> results;
};

// A thread has a column of the tile and takes eight of its rows at once, so that as many reads of the derivatives' operands
// are under way.
template <int Rows, int Columns, class T, class Output>
OPSIG_DEVICE void follow_rows(const FollowedTile<T, Rows, Columns>& tile, const Output& output) {
  constexpr int kAtOnce = 8;
  const int column = static_cast<int>(threadIdx.x) % Columns;
  const int step = static_cast<int>(blockDim.x) / Columns;
  if (column >= output.inside()) return;
  const activation::Arguments& then = output.then();
  T* const results = then.out == output.results() ? nullptr : output.results();
  const T* bias = output.bias();
#pragma unroll 1
  for (int first = static_cast<int>(threadIdx.x) / Columns; first < Rows; first += kAtOnce * step) {
    int64_t at[kAtOnce];
    FollowingOperands<T> operands[kAtOnce];
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int row = first + k * step;
      at[k] = row < Rows ? tile.row[row].at : -1;
      if (at[k] < 0) continue;
      at[k] += column;
      operands[k] = FollowingOperands<T>(then, tile.row[row].primal + column, at[k]);
    }
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      if (at[k] < 0) continue;
      T value = tile.values[first + k * step][column];
      if (bias != nullptr) value += bias[column];
      if (results != nullptr) results[at[k]] = value;
      static_cast<T*>(then.out)[at[k]] = followed(then, operands[k], value);
    }
  }
}

// Hands a core's tile, which calls store(row, column, value) for `each` of its results, to the activation that follows.
// Output says of the matrix that they belong to: RowElements row(int of the tile), T* results() and const T* bias() of the
// tile's first column, int inside() and then().
template <class Core, class Tile, class Memory, class Output>
OPSIG_DEVICE void follow_tile(const Tile& tile, Memory& memory, const Output& output) {
  constexpr int kRows = Core::kFollowedRows;
#pragma unroll
  for (int first = 0; first < Core::kRows; first += kRows) {
    // Until here others read the stages, or the rows before.
    __syncthreads();
    tile.each([&](int row, int column, typename Core::Number value) {
      if (kRows == Core::kRows || row / kRows == first / kRows) memory.results.values[row % kRows][column] = value;
    });
    for (int row = static_cast<int>(threadIdx.x); row < kRows; row += static_cast<int>(blockDim.x))
      memory.results.row[row] = output.row(first + row);
    __syncthreads();
    follow_rows(memory.results, output);
  }
}

}  // namespace opsig
