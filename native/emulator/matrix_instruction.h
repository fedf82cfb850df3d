// Tensor cores on the host: the lanes of a warp hand in their fragments, and each computes its elements of the result
// from the others', in float32. Operands are read as the hardware does: of a tf32 word the upper 19 bits, of a bf16
// word both halves.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <source_location>

#include "emulator/block.h"

namespace opsig::emulator {

inline float float_of(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline uint32_t to_tf32(float value) {
  return std::isfinite(value) ? (bits_of(value) + 0x1000u) & ~0x1fffu : bits_of(value);
}

inline uint32_t to_bfloat16(float value) {
  const uint32_t bits = bits_of(value);
  return std::isfinite(value) ? (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16
                              : bits >> 16 | (std::isnan(value) ? 0x40u : 0u);
}

// Element `at` of the depth in a fragment whose words hold the halves of the depth, one or two elements each.
template <bool Bfloat16>
struct DepthPlace {
  static constexpr int kDepth = Bfloat16 ? 16 : 8;
  int lane, half;
  explicit DepthPlace(int at) : lane(Bfloat16 ? at % 8 / 2 : at % 4), half(at / (kDepth / 2)) {}
  static float value(uint32_t word, int at) {
    if constexpr (Bfloat16) return float_of(at % 2 == 0 ? word << 16 : word & 0xffff0000u);
    return float_of(word & ~0x1fffu);
  }
};

// c[m] += A_m B; see native/cuda/matrix_instruction.cuh for what lies where.
template <bool Bfloat16, int Rows>
void multiply_matrices(float (&c)[Rows][4], const uint32_t (&a)[Rows][4], const uint32_t (&b)[2],
                       std::source_location place = std::source_location::current()) {
  struct Fragments {
    uint32_t a[Rows][4], b[2];
  };
  using Place = DepthPlace<Bfloat16>;
  Fragments mine;
  std::memcpy(mine.a, a, sizeof a);
  std::memcpy(mine.b, b, sizeof b);
  const Exchange all = warp_exchange(0xffffffffu, &mine, sizeof mine, place);
  const int group = position.lane / 4, pair = position.lane % 4;
  Fragments of_rows[4], of_columns[2][4];
  for (int t = 0; t < 4; ++t) {
    of_rows[t] = all.of<Fragments>(group * 4 + t);
    for (int j = 0; j < 2; ++j) of_columns[j][t] = all.of<Fragments>((2 * pair + j) * 4 + t);
  }
  for (int m = 0; m < Rows; ++m)
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j)
        for (int k = 0; k < Place::kDepth; ++k) {
          const Place at(k);
          c[m][2 * i + j] = std::fma(Place::value(of_rows[at.lane].a[m][2 * at.half + i], k),
                                     Place::value(of_columns[j][at.lane].b[at.half], k), c[m][2 * i + j]);
        }
}

}  // namespace opsig::emulator
