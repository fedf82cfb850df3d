// Products of small matrices by tensor cores, one warp at a time (mma.sync, compute capability 8.0), and the roundings
// of their operands. Sums are float32.
//
// With g = lane / 4 and t = lane % 4 a lane holds, of A [16, k], B [k, 8] and C [16, 8] (PTX ISA, "Matrix Fragments"):
//   a[0], a[1], a[2], a[3]   rows g, g + 8, g, g + 8; the first half of the depth in a[0], a[1], the second in a[2],
//   a[3] b[0], b[1]               column g; the first and the second half of the depth
//   c[0] .. c[3]             rows g, g, g + 8, g + 8; columns 2 t, 2 t + 1, 2 t, 2 t + 1
// and of a half of the depth element t (tf32, k = 8) or elements 2 t and 2 t + 1 (bf16, k = 16). A sum does not mind in
// which order the depth comes, so that callers may number it as they like, the same for A and B.
#pragma once

#include "kernel.cuh"

namespace opsig {

// To nearest with 11 significant bits, as the bits of a float32; halves to even, or away from zero before compute
// capability 9.0, which has one instruction for it.
OPSIG_DEVICE uint32_t to_tf32(float value) {
#if defined(__CUDACC__)
  uint32_t bits;
#if __CUDA_ARCH__ >= 900
  asm("cvt.rn.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
#else
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
#endif
  return bits;
#else
  return emulator::to_tf32(value);
#endif
}

// To nearest with 8 significant bits, halves to even; the first in the lower half of the word.
OPSIG_DEVICE uint32_t to_bfloat16_pair(float first, float second) {
#if defined(__CUDACC__)
  uint32_t bits;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(second), "f"(first));
  return bits;
#else
  return emulator::to_bfloat16(first) | emulator::to_bfloat16(second) << 16;
#endif
}

enum class MatrixInstruction { kTf32, kBfloat16 };

// c[m] += A_m B for Rows matrices A_m.
template <MatrixInstruction Instruction, int Rows>
OPSIG_DEVICE void multiply_matrices(float (&c)[Rows][4], const uint32_t (&a)[Rows][4], const uint32_t (&b)[2]) {
#if defined(__CUDACC__)
#pragma unroll
  for (int m = 0; m < Rows; ++m) {
    if constexpr (Instruction == MatrixInstruction::kTf32)
      asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, "
          "%2, %3};"
          : "+f"(c[m][0]), "+f"(c[m][1]), "+f"(c[m][2]), "+f"(c[m][3])
          : "r"(a[m][0]), "r"(a[m][1]), "r"(a[m][2]), "r"(a[m][3]), "r"(b[0]), "r"(b[1]));
    else
      asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, "
          "%2, %3};"
          : "+f"(c[m][0]), "+f"(c[m][1]), "+f"(c[m][2]), "+f"(c[m][3])
          : "r"(a[m][0]), "r"(a[m][1]), "r"(a[m][2]), "r"(a[m][3]), "r"(b[0]), "r"(b[1]));
  }
#else
  emulator::multiply_matrices<Instruction == MatrixInstruction::kBfloat16>(c, a, b);
#endif
}

}  // namespace opsig
