// How a product of matrices is computed from products of blocks: as it is, or by one step of Strassen's algorithm
// (1969), seven products of quarters where the definition has eight:
//   M1 = (A11 + A22) (B11 + B22)    M2 = (A21 + A22) B11    M3 = A11 (B12 - B22)    M4 = A22 (B21 - B11)
//   M5 = (A11 + A12) B22            M6 = (A21 - A11) (B11 + B12)    M7 = (A12 - A22) (B21 + B22)
//   C11 = M1 + M4 - M5 + M7    C12 = M3 + M5    C21 = M2 + M4    C22 = M1 - M2 + M3 + M6
// Its error is small beside the norms of the blocks, not beside each element (Higham 2002, Accuracy and Stability,
// section 23.2).
#pragma once

#include <cstdint>

namespace opsig {

// Block `first` plus `sign` times block `second`; blocks are numbered by rows.
struct BlockSum {
  int first;
  int second = 0;
  float sign = 0;
};

struct Scheme {
  int64_t parts;  // of each extent
  int products;
  const BlockSum* left;
  const BlockSum* right;
};

namespace strassen {

constexpr BlockSum kWhole[1] = {{0}};
constexpr BlockSum kLeft[7] = {{0, 3, 1}, {2, 3, 1}, {0}, {3}, {0, 1, 1}, {2, 0, -1}, {1, 3, -1}};
constexpr BlockSum kRight[7] = {{0, 3, 1}, {0}, {1, 3, -1}, {2, 0, -1}, {3}, {0, 1, 1}, {2, 3, 1}};

}  // namespace strassen

// Strassen's step where every extent has two halves, and sums of blocks are cheap beside products of blocks.
inline Scheme scheme_for(int64_t rows, int64_t columns, int64_t depth) {
  constexpr int64_t kFewestRows = 64, kFewestOthers = 512;
  const bool halves = rows % 2 == 0 && columns % 2 == 0 && depth % 2 == 0;
  if (halves && rows >= kFewestRows && columns >= kFewestOthers && depth >= kFewestOthers)
    return {2, 7, strassen::kLeft, strassen::kRight};
  return {1, 1, strassen::kWhole, strassen::kWhole};
}

// to [size] = block `block` of C from the products, each [size].
inline void combine(const Scheme& scheme, int64_t block, const float* products, int64_t size, float* to) {
  const auto m = [&](int number, int64_t i) { return products[(number - 1) * size + i]; };
  if (scheme.products == 1)
    for (int64_t i = 0; i < size; ++i) to[i] = m(1, i);
  else if (block == 0)
    for (int64_t i = 0; i < size; ++i) to[i] = m(1, i) + m(4, i) - m(5, i) + m(7, i);
  else if (block == 1)
    for (int64_t i = 0; i < size; ++i) to[i] = m(3, i) + m(5, i);
  else if (block == 2)
    for (int64_t i = 0; i < size; ++i) to[i] = m(2, i) + m(4, i);
  else
    for (int64_t i = 0; i < size; ++i) to[i] = m(1, i) - m(2, i) + m(3, i) + m(6, i);
}

}  // namespace opsig
