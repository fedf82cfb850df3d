// Products of matrices in shared memory by Hopper's tensor cores (wgmma, compute capability 9.0a; PTX ISA,
// "Asynchronous Warpgroup Level Matrix Instructions"): a warpgroup of 128 threads starts one, goes on, and finds the
// sums in its registers once it has waited for them.
//
// An operand lies in shared memory line by line, a line being a row of A or a column of B and 32 of the depth: 128 bytes
// of tf32 or 64 of bf16. The 16-byte words of a line change places by its number, so that the same word of eight lines
// that follow each other falls into all 32 banks. Tiles begin at a multiple of 1024 bytes.
#pragma once

#include "matrix_instruction.cuh"

namespace opsig {

constexpr int kWarpgroup = 128;
constexpr int kLineDepth = 32;

template <MatrixInstruction Instruction>
constexpr int kLineBytes = Instruction == MatrixInstruction::kTf32 ? 4 * kLineDepth : 2 * kLineDepth;

// Where a byte of a line lies in a tile: bits 4 and up of its place are exchanged with bits 7 and up, three of them for
// lines of 128 bytes and two for those of 64.
template <int LineBytes>
OPSIG_DEVICE int swizzled(int line, int byte) {
  const unsigned at = static_cast<unsigned>(line * LineBytes + byte);
  return static_cast<int>(at ^ (at >> 7) % (LineBytes / 16) << 4);
}

// Writes words that products are to read: visible to them once this thread has published and all have met at a barrier.
template <int Words>
OPSIG_DEVICE void put_shared(void* to, const uint32_t (&words)[Words]) {
  static_assert(Words == 2 || Words == 4);
#if defined(__CUDACC__)
  if constexpr (Words == 4)
    *static_cast<uint4*>(to) = make_uint4(words[0], words[1], words[2], words[3]);
  else
    *static_cast<uint2*>(to) = make_uint2(words[0], words[1]);
#else
  emulator::put_shared(to, words, sizeof words);
#endif
}

OPSIG_DEVICE void publish_shared() {
#if defined(__CUDACC__)
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#else
  emulator::publish_shared();
#endif
}

// Where an operand of a product begins: a line whose number in its tile is a multiple of 8.
class MatrixDescriptor {
 public:
  // PTX ISA, "Matrix-descriptor": start, then the stride from 8 lines to the next 8, in units of 16 bytes, and the way
  // that words change places. The leading stride has no meaning here.
  template <int LineBytes>
  OPSIG_DEVICE static MatrixDescriptor of(const void* first) {
    constexpr uint64_t kSwizzle = LineBytes == 128 ? 1 : 2;
    return MatrixDescriptor((address_of(first) & 0x3ffff) >> 4 | uint64_t{1} << 16 |
                            uint64_t{8 * LineBytes / 16} << 32 | kSwizzle << 62);
  }

  // The same lines further along their depth, by so many products.
  OPSIG_DEVICE MatrixDescriptor further(int products) const {
    constexpr uint64_t kBytesOfProduct = 32;
    return MatrixDescriptor(bits_ + kBytesOfProduct / 16 * static_cast<uint64_t>(products));
  }

  OPSIG_DEVICE uint64_t bits() const { return bits_; }

 private:
  OPSIG_DEVICE explicit MatrixDescriptor(uint64_t bits) : bits_(bits) {}

  OPSIG_DEVICE static uint64_t address_of(const void* shared) {
#if defined(__CUDACC__)
    return __cvta_generic_to_shared(shared);
#else
    return emulator::shared_address(shared);
#endif
  }

  uint64_t bits_;
};

// Before the first product, and wherever the registers of its sums were touched since the last.
OPSIG_DEVICE void order_registers() {
#if defined(__CUDACC__)
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#else
  emulator::order_registers(std::source_location::current());
#endif
}

#if defined(__CUDACC__)
#define OPSIG_SUMS_4(N) "+f"(c[N][0]), "+f"(c[N][1]), "+f"(c[N][2]), "+f"(c[N][3])
#define OPSIG_SUMS_16(N) OPSIG_SUMS_4(N), OPSIG_SUMS_4(N + 1), OPSIG_SUMS_4(N + 2), OPSIG_SUMS_4(N + 3)
#define OPSIG_SUMS_64(N) OPSIG_SUMS_16(N), OPSIG_SUMS_16(N + 4), OPSIG_SUMS_16(N + 8), OPSIG_SUMS_16(N + 12)
#define OPSIG_NAMES_64                                                                                             \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, " \
  "%24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, " \
  "%46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define OPSIG_NAMES_128                                                                                             \
  OPSIG_NAMES_64                                                                                                    \
  ", %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, %80, %81, %82, %83, %84, "     \
  "%85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, %96, %97, %98, %99, %100, %101, %102, %103, %104, %105, " \
  "%106, %107, %108, %109, %110, %111, %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, "    \
  "%124, %125, %126, %127"
// Sums are added to (scale-d, a predicate, is true) and neither operand is negated.
#define OPSIG_START_PRODUCT(SHAPE, FURTHER, NAMES, A, B, TRUE, ...)                                              \
  asm volatile("{.reg .pred adds; setp.ne.b32 adds, " TRUE ", 0; wgmma.mma_async.sync.aligned." SHAPE " {" NAMES \
               "}, " A ", " B ", adds, 1, 1" FURTHER ";}"                                                        \
               : __VA_ARGS__                                                                                     \
               : "l"(a.bits()), "l"(b.bits()), "r"(1))
#define OPSIG_START_PRODUCT_128(SHAPE, FURTHER) \
  OPSIG_START_PRODUCT(SHAPE, FURTHER, OPSIG_NAMES_64, "%64", "%65", "%66", OPSIG_SUMS_64(0))
#define OPSIG_START_PRODUCT_256(SHAPE, FURTHER) \
  OPSIG_START_PRODUCT(SHAPE, FURTHER, OPSIG_NAMES_128, "%128", "%129", "%130", OPSIG_SUMS_64(0), OPSIG_SUMS_64(16))
#endif

// Starts c += A B for 64 rows of A, Columns columns of B and the depth of one instruction. Warp w of the warpgroup has
// rows 16 w and on, its lanes as in matrix_instruction.cuh: of columns 8 n .. 8 n + 7 in c[n].
template <MatrixInstruction Instruction, int Columns>
OPSIG_DEVICE void start_product(float (&c)[Columns / 8][4], MatrixDescriptor a, MatrixDescriptor b) {
  static_assert(Columns == 128 || Columns == 256);
#if defined(__CUDACC__)
  constexpr bool kIsTf32 = Instruction == MatrixInstruction::kTf32;
  // In bf16 an operand may be transposed; here the depth of both is contiguous.
  if constexpr (kIsTf32 && Columns == 256)
    OPSIG_START_PRODUCT_256("m64n256k8.f32.tf32.tf32", "");
  else if constexpr (kIsTf32)
    OPSIG_START_PRODUCT_128("m64n128k8.f32.tf32.tf32", "");
  else if constexpr (Columns == 256)
    OPSIG_START_PRODUCT_256("m64n256k16.f32.bf16.bf16", ", 0, 0");
  else
    OPSIG_START_PRODUCT_128("m64n128k16.f32.bf16.bf16", ", 0, 0");
#else
  emulator::start_product<Instruction == MatrixInstruction::kBfloat16, Columns>(c, a.bits(), b.bits());
#endif
}

// Ends a group of this warpgroup's products.
OPSIG_DEVICE void commit_products() {
#if defined(__CUDACC__)
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#else
  emulator::commit_products();
#endif
}

// Waits for all groups but the Pending latest: what they read may be written over.
template <int Pending>
OPSIG_DEVICE void wait_for_products() {
#if defined(__CUDACC__)
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Pending) : "memory");
#else
  emulator::wait_for_products(Pending);
#endif
}

// Waits for all groups; their sums may be read.
template <int Blocks>
OPSIG_DEVICE void finish_products([[maybe_unused]] float (&c)[Blocks][4]) {
  wait_for_products<0>();
#if defined(__CUDACC__)
  // The compiler knows of no registers that change later: it must not read them before.
#pragma unroll
  for (int n = 0; n < Blocks; ++n)
#pragma unroll
    for (int i = 0; i < 4; ++i) asm volatile("" : "+f"(c[n][i])::"memory");
#endif
}

}  // namespace opsig
