// Tensor cores on the host: the lanes of a warp hand in their fragments, which are multiplied together in float32.
// Operands are read as the hardware does: of a tf32 word the upper 19 bits, of a bf16 word both halves.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>
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
  const uint32_t bits = bits_of(value);
  return std::isfinite(value) ? (bits + 0xfffu + (bits >> 13 & 1u)) & ~0x1fffu : bits;
}

inline uint32_t to_bfloat16(float value) {
  const uint32_t bits = bits_of(value);
  return std::isfinite(value) ? (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16
                              : bits >> 16 | (std::isnan(value) ? 0x40u : 0u);
}

// The fragments of one lane; see native/cuda/matrix_instruction.cuh for what lies where.
template <int Rows>
struct Fragments {
  float c[Rows][4];
  uint32_t a[Rows][4], b[2];
};

// Element `at` of the depth in a fragment whose words hold the halves of the depth, one or two elements each.
template <bool Bfloat16>
struct DepthPlace {
  static constexpr unsigned kDepth = Bfloat16 ? 16 : 8;
  unsigned lane, half;
  explicit DepthPlace(unsigned at) : lane(Bfloat16 ? at % 8 / 2 : at % 4), half(at / (kDepth / 2)) {}
  static float value(uint32_t word, unsigned at) {
    if constexpr (Bfloat16) return float_of(at % 2 == 0 ? word << 16 : word & 0xffff0000u);
    return float_of(word & ~0x1fffu);
  }
};

// The lanes' c[m] += A_m B, from matrices that are put together from all lanes' fragments.
template <bool Bfloat16, int Rows>
void multiply_fragments(Exchange::Slot* slots) {
  using Place = DepthPlace<Bfloat16>;
  using Row = float __attribute__((vector_size(32)));
  const auto of = [&](unsigned lane) -> Fragments<Rows>& {
    return *std::launder(reinterpret_cast<Fragments<Rows>*>(slots[lane]));
  };
  Row b[Place::kDepth];
#pragma GCC unroll 16
  for (unsigned k = 0; k < Place::kDepth; ++k)
#pragma GCC unroll 8
    for (unsigned column = 0; column < 8; ++column) {
      const Place at(k);
      b[k][column] = Place::value(of(column * 4 + at.lane).b[at.half], k);
    }
  for (int m = 0; m < Rows; ++m)
    for (unsigned row = 0; row < 16; ++row) {
      const unsigned group = row % 8 * 4, half = row / 8;
      // Unrolled, since a vector that was written number by number is slow to read as a whole.
      Row sums;
#pragma GCC unroll 4
      for (unsigned pair = 0; pair < 4; ++pair) {
        sums[2 * pair] = of(group + pair).c[m][2 * half];
        sums[2 * pair + 1] = of(group + pair).c[m][2 * half + 1];
      }
#pragma GCC unroll 16
      for (unsigned k = 0; k < Place::kDepth; ++k) {
        const Place at(k);
        sums += Place::value(of(group + at.lane).a[m][2 * at.half + half], k) * b[k];
      }
#pragma GCC unroll 4
      for (unsigned pair = 0; pair < 4; ++pair) {
        of(group + pair).c[m][2 * half] = sums[2 * pair];
        of(group + pair).c[m][2 * half + 1] = sums[2 * pair + 1];
      }
    }
}

// c[m] += A_m B.
template <bool Bfloat16, int Rows>
void multiply_matrices(float (&c)[Rows][4], const uint32_t (&a)[Rows][4], const uint32_t (&b)[2],
                       std::source_location place = std::source_location::current()) {
  Fragments<Rows> mine;
  std::memcpy(mine.c, c, sizeof c);
  std::memcpy(mine.a, a, sizeof a);
  std::memcpy(mine.b, b, sizeof b);
  const Exchange all = warp_exchange(0xffffffffu, &mine, sizeof mine, place, &multiply_fragments<Bfloat16, Rows>);
  std::memcpy(c, all.slots[position.lane], sizeof c);
}

}  // namespace opsig::emulator
