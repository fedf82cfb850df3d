// How tensor cores multiply float32 operands: into what each number is rounded, with the unit roundoff of what is
// multiplied. Sums are float32.
//   Tf32        2^-11, one instruction per 8 of the depth
//   Tf32x3      2^-22: each operand is the sum of two tf32 numbers, and the product of the smaller ones is left out
//   Bfloat16    2^-8, one instruction per 16 of the depth
//
// kPack numbers make a word, and one for each of kParts.
#pragma once

#include "matrix_instruction.cuh"

namespace opsig {

struct Tf32 {
  static constexpr MatrixInstruction kInstruction = MatrixInstruction::kTf32;
  static constexpr int kDepth = 8, kParts = 1, kPack = 1;
  OPSIG_DEVICE static void round(const float (&values)[kPack], uint32_t (&words)[kParts]) {
    words[0] = to_tf32(values[0]);
  }
};

struct Tf32x3 {
  static constexpr MatrixInstruction kInstruction = MatrixInstruction::kTf32;
  static constexpr int kDepth = 8, kParts = 2, kPack = 1;
  OPSIG_DEVICE static void round(const float (&values)[kPack], uint32_t (&words)[kParts]) {
    words[0] = to_tf32(values[0]);
    words[1] = to_tf32(values[0] - __uint_as_float(words[0]));
  }
};

struct Bfloat16 {
  static constexpr MatrixInstruction kInstruction = MatrixInstruction::kBfloat16;
  static constexpr int kDepth = 16, kParts = 1, kPack = 2;
  OPSIG_DEVICE static void round(const float (&values)[kPack], uint32_t (&words)[kParts]) {
    words[0] = to_bfloat16_pair(values[0], values[1]);
  }
};

}  // namespace opsig
