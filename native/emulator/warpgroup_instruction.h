// Hopper's tensor cores on the host: operands are read through their descriptors, as the PTX ISA lays them out, when a
// product is done, and each thread sums what it has of the result in float32.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "emulator/block.h"
#include "emulator/matrix_instruction.h"

namespace opsig::emulator {

// An operand of a product: lines of 32 bytes, the depth of an instruction.
class DescribedMatrix {
 public:
  explicit DescribedMatrix(uint64_t descriptor)
      : start_((descriptor & 0x3fff) << 4), stride_((descriptor >> 32 & 0x3fff) << 4) {
    const uint64_t swizzle = descriptor >> 62;
    if (swizzle != 1 && swizzle != 2) throw KernelFault("a matrix descriptor asks for a swizzle that is not emulated");
    line_bytes_ = swizzle == 1 ? 128 : 64;
    // With a base offset of 0; words change places by their address, so that eight lines begin where the places repeat.
    if (start_ % (8 * line_bytes_) >= line_bytes_)
      throw KernelFault("a matrix descriptor begins amid eight lines, at " + std::to_string(start_));
  }

  // Of a line, as its float32 values.
  template <bool Bfloat16>
  void read(unsigned line, float (&values)[Bfloat16 ? 16 : 8]) const {
    for (unsigned word = 0; word < 2; ++word) {
      const uint64_t at = start_ + line / 8 * stride_ + line % 8 * line_bytes_ + word * 16;
      uint32_t bits[4];
      std::memcpy(bits, shared_at(at ^ (at >> 7) % (line_bytes_ / 16) << 4, sizeof bits), sizeof bits);
      for (unsigned i = 0; i < 4; ++i) {
        if constexpr (Bfloat16) {
          values[word * 8 + 2 * i] = float_of(bits[i] << 16);
          values[word * 8 + 2 * i + 1] = float_of(bits[i] & 0xffff0000u);
        } else {
          values[word * 4 + i] = float_of(bits[i] & ~0x1fffu);
        }
      }
    }
  }

 private:
  uint64_t start_, stride_, line_bytes_;
};

// This thread's part of c += A B; native/cuda/warpgroup_instruction.cuh says which.
template <bool Bfloat16, int Columns>
void multiply_shared(float* c, uint64_t descriptor_of_a, uint64_t descriptor_of_b) {
  constexpr unsigned kDepth = Bfloat16 ? 16 : 8;
  const DescribedMatrix a(descriptor_of_a), b(descriptor_of_b);
  const unsigned lane = static_cast<unsigned>(position.lane), row = position.thread.x % 128 / 32 * 16 + lane / 4;
  float rows[2][kDepth], column[kDepth];
  a.read<Bfloat16>(row, rows[0]);
  a.read<Bfloat16>(row + 8, rows[1]);
  for (unsigned n = 0; n < Columns / 8; ++n)
    for (unsigned pair = 0; pair < 2; ++pair) {
      b.read<Bfloat16>(n * 8 + lane % 4 * 2 + pair, column);
      for (unsigned half = 0; half < 2; ++half) {
        float sum = c[n * 4 + half * 2 + pair];
        for (unsigned k = 0; k < kDepth; ++k) sum += rows[half][k] * column[k];
        c[n * 4 + half * 2 + pair] = sum;
      }
    }
}

template <bool Bfloat16, int Columns>
void start_product(float (&c)[Columns / 8][4], uint64_t a, uint64_t b) {
  start_product(&multiply_shared<Bfloat16, Columns>, c[0], a, b);
}

}  // namespace opsig::emulator
