// A product of matrices in shared memory that is right, and one for each kind of mistake that the emulated driver must show.
#include "warpgroup_instruction.cuh"

namespace {

using namespace opsig;

constexpr MatrixInstruction kTf32 = MatrixInstruction::kTf32;
constexpr int kLine = kLineBytes<kTf32>, kRows = 64, kColumns = 128;

struct alignas(1024) Tiles {
  unsigned char a[kRows * kLine], b[kColumns * kLine];
};

enum class Mistake { kNone, kUnpublished, kUnmet, kUnordered, kEarly, kOverwritten, kUnfinished, kAmidEight, kBeyond };

// All of a line is `value`.
OPSIG_DEVICE void put_line(unsigned char* tile, int line, float value) {
  const uint32_t word = to_tf32(value);
  const uint32_t words[4] = {word, word, word, word};
  for (int byte = 0; byte < kLine; byte += 16) put_shared(tile + swizzled<kLine>(line, byte), words);
}

// out[i] = 8 * in[i]: of A, whose row i is in[i], and B, which is one, the first eight of the depth.
template <Mistake Made>
OPSIG_DEVICE void multiplied(const float* in, float* out) {
  OPSIG_DYNAMIC_SHARED(Tiles, tiles);
  const int thread = static_cast<int>(threadIdx.x), lane = thread % kWarp;
  if (thread < kRows) put_line(tiles.a, thread, in[thread]);
  put_line(tiles.b, thread, 1);
  if constexpr (Made != Mistake::kUnpublished) publish_shared();
  if constexpr (Made != Mistake::kUnmet) __syncthreads();
  float sums[kColumns / 8][4] = {};
  if constexpr (Made != Mistake::kUnordered) order_registers();
  const int line_of_b = Made == Mistake::kAmidEight ? 1 : Made == Mistake::kBeyond ? 8 : 0;
  start_product<kTf32, kColumns>(sums, MatrixDescriptor::of<kLine>(tiles.a),
                                 MatrixDescriptor::of<kLine>(tiles.b + line_of_b * kLine));
  commit_products();
  if constexpr (Made == Mistake::kOverwritten) {
    put_line(tiles.b, thread, 0);
    publish_shared();
  }
  const float early = sums[0][0];
  if constexpr (Made != Mistake::kUnfinished) finish_products(sums);
  // Two of the rows of a warp's sixteen are a lane's; of their columns the first lane has the first.
  if (lane % 4 == 0) {
    const int row = thread / kWarp * 16 + lane / 4;
    out[row] = Made == Mistake::kEarly ? early : sums[0][0];
    out[row + 8] = sums[0][2];
  }
}

}  // namespace

#define PLANTED(NAME, MISTAKE) \
  OPSIG_KERNEL(NAME, 128, const float* in, float* out) { multiplied<Mistake::MISTAKE>(in, out); }
PLANTED(product, kNone)
PLANTED(product_unpublished, kUnpublished)
PLANTED(product_unmet, kUnmet)
PLANTED(product_unordered, kUnordered)
PLANTED(product_early, kEarly)
PLANTED(product_overwritten, kOverwritten)
PLANTED(product_unfinished, kUnfinished)
PLANTED(product_amid_eight, kAmidEight)
PLANTED(product_beyond, kBeyond)
