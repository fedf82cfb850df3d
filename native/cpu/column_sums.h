// Sums of a matrix's columns, shared by the operation of that name and by the biases of convolutions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "parallel.h"

namespace opsig {

// sums [columns] += the sum of the rows of a matrix [rows, columns]. Fixed blocks of rows are summed first, so that the
// result does not depend on the number of threads.
template <class T>
void add_column_sums(const T* matrix, int64_t rows, int64_t columns, T* sums) {
  constexpr int64_t kBlockRows = 512;
  const int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  std::vector<T> partial(static_cast<size_t>(blocks * columns));
#pragma omp parallel for if (rows * columns > kParallelElements)
  for (int64_t block = 0; block < blocks; ++block) {
    T* of_block = partial.data() + block * columns;
    for (int64_t r = block * kBlockRows; r < std::min(rows, (block + 1) * kBlockRows); ++r)
      for (int64_t c = 0; c < columns; ++c) of_block[c] += matrix[r * columns + c];
  }
  for (int64_t block = 0; block < blocks; ++block)
    for (int64_t c = 0; c < columns; ++c) sums[c] += partial[static_cast<size_t>(block * columns + c)];
}

}  // namespace opsig
