// The tiled product (tile_product.cuh) on Hopper's tensor cores, which read both operands from shared memory
// (warpgroup_instruction.cuh): float32 operands, rounded on their way there (arithmetic.cuh), and float32 sums.
//
// A block of two warpgroups owns Rows x Columns, which they halve, and walks the depth in steps of 32. A number comes
// from global memory in a 16-byte word, waits in a register for the step before to be multiplied, and goes, rounded and
// with its depth contiguous, to one of three stages of shared memory. So one barrier per step is enough:
//   stage s is written while stage s - 1 is multiplied, and nobody reads stage s + 1, whose product was waited for.
// Operands have to be `wide` (tile_product.cuh).
//
// With 128 x 256 in tf32 a step is 2 * 128 * 256 * 32 flops, 1024 cycles of an H100's multiprocessor, on
//   48 KiB   from global memory: 48 bytes per cycle. Its second-level cache gives about half of that to all
//            multiprocessors at once, so that this is what limits. (A tile of 128 x 128 would need 64.)
//   128 KiB  of shared memory: each number is written once, those of A are read by one warpgroup and those of B by both;
//            1024 cycles at 128 bytes per cycle.
// In bf16 the flops take half of the time, and global memory limits the more. In 3xtf32 a tile of 128 x 128 has three
// times the flops on as many bytes: 21 per cycle from global memory.
#pragma once

#include "arithmetic.cuh"
#include "tile_product.cuh"
#include "warpgroup_instruction.cuh"

namespace opsig {

constexpr int kWarpgroupThreads = 2 * kWarpgroup;
constexpr int kWarpgroupStages = 3;

// Runs of four numbers along the depth of a line.
constexpr int kRuns = kLineDepth / 4;

// A tile of an operand in shared memory, ready to be multiplied.
template <class Arithmetic, int Lines>
struct alignas(1024) SharedLines {
  static constexpr int kLine = kLineBytes<Arithmetic::kInstruction>;

  unsigned char part[Arithmetic::kParts][Lines * kLine];

  // Where a run lies in a part.
  OPSIG_DEVICE static int place(int line, int run) { return swizzled<kLine>(line, run * (kLine / kRuns)); }

  // The same run `lines` further on, a multiple of 8; and in the i-th of four neighbouring lines, from its place in the
  // first, whose number is a multiple of 4.
  OPSIG_DEVICE static int lines_further(int place, int lines) { return place + lines * kLine; }
  OPSIG_DEVICE static int in_line(int first, int i) { return (first ^ i * kLine / 128 * 16) + i * kLine; }

  // Rounds a run and writes it at its place.
  OPSIG_DEVICE void put(int at, const float (&values)[4]) {
    constexpr int kWords = 4 / Arithmetic::kPack;
    uint32_t words[Arithmetic::kParts][kWords];
#pragma unroll
    for (int w = 0; w < kWords; ++w) {
      float packed[Arithmetic::kPack];
#pragma unroll
      for (int i = 0; i < Arithmetic::kPack; ++i) packed[i] = values[w * Arithmetic::kPack + i];
      uint32_t rounded[Arithmetic::kParts];
      Arithmetic::round(packed, rounded);
#pragma unroll
      for (int p = 0; p < Arithmetic::kParts; ++p) words[p][w] = rounded[p];
    }
#pragma unroll
    for (int p = 0; p < Arithmetic::kParts; ++p) put_shared(&part[p][at], words[p]);
  }

  OPSIG_DEVICE MatrixDescriptor from(int line, int p) const {
    return MatrixDescriptor::of<kLine>(&part[p][line * kLine]);
  }
};

// 16 bytes of global memory that nobody writes meanwhile.
OPSIG_DEVICE Run<float, 4> read_word(const float* from) {
#if defined(__CUDACC__)
  const float4 word = __ldg(reinterpret_cast<const float4*>(from));
  return {{word.x, word.y, word.z, word.w}};
#else
  return *reinterpret_cast<const Run<float, 4>*>(from);
#endif
}

// A thread's share of an operand's tile, in patches of 4 lines x 4 of the depth: whichever of the two is contiguous in
// memory, a patch is four 16-byte words. All patches of a thread lie at the same place along the depth.
template <class Arithmetic, int Lines, class Operand>
class PatchLoader {
 public:
  OPSIG_DEVICE PatchLoader(const Operand& operand, int64_t first_line) : operand_(operand) { take_place(first_line); }

  // Goes on with the operand of another term.
  OPSIG_DEVICE void turn_to(const Operand& operand, int64_t first_line) {
    operand_ = operand;
    if constexpr (!Operand::same_lines) take_place(first_line);
  }

  // Into registers. `end` is one past the last depth of this block's share.
  OPSIG_DEVICE void load(int64_t depth, int64_t end) {
    if (!takes_part()) return;
    if (operand_.depth_contiguous) {
      const int64_t first = depth + 4 * run();
      const typename Operand::Step step = operand_.step(first);
#pragma unroll
      for (int p = 0; p < kPatches; ++p)
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const Run<float, 4> word = read(lines_[p][i], step, first < end);
#pragma unroll
          for (int k = 0; k < 4; ++k) patches_[p][i][k] = word.at[k];
        }
    } else {
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        const int64_t at = depth + 4 * run() + k;
        const typename Operand::Step step = operand_.step(at);
#pragma unroll
        for (int p = 0; p < kPatches; ++p) {
          const Run<float, 4> word = read(lines_[p][0], step, at < end);
#pragma unroll
          for (int i = 0; i < 4; ++i) patches_[p][i][k] = word.at[i];
        }
      }
    }
  }

  // From registers.
  OPSIG_DEVICE void put(SharedLines<Arithmetic, Lines>& to) const {
    if (!takes_part()) return;
#pragma unroll
    for (int p = 0; p < kPatches; ++p)
#pragma unroll
      for (int i = 0; i < 4; ++i)
        to.put(operand_.depth_contiguous ? Tile::lines_further(place_, p * kPatchLines + i * kGroups)
                                         : Tile::lines_further(Tile::in_line(place_, i), p * 4 * kPatchLines),
               patches_[p][i]);
  }

 private:
  using Tile = SharedLines<Arithmetic, Lines>;
  static constexpr int kGroups = Lines / 4, kAll = kRuns * kGroups;
  static constexpr int kPatches = (kAll + kWarpgroupThreads - 1) / kWarpgroupThreads;
  // Lines that the first patches of all threads begin in, where the depth is contiguous.
  static constexpr int kPatchLines = kWarpgroupThreads / kRuns;

  OPSIG_DEVICE static bool takes_part() { return kAll >= kWarpgroupThreads || threadIdx.x < kAll; }

  // Where the depth is contiguous, eight threads read 128 bytes of a line. Where the lines are, eight threads read 128
  // bytes, in steps of 8 lanes but for neighbours: in shared memory two groups of lines by four runs of the depth then
  // fall into all 32 banks.
  OPSIG_DEVICE int run() const {
    const unsigned thread = threadIdx.x;
    return static_cast<int>(operand_.depth_contiguous ? thread % 8 : thread / 2 % 4 + thread / 32 % 2 * 4);
  }
  OPSIG_DEVICE int first_line() const {
    const unsigned thread = threadIdx.x;
    return static_cast<int>(operand_.depth_contiguous ? thread / 8
                                                      : thread % 2 * 4 + thread / 8 % 4 * 8 + thread / 64 * 32);
  }
  // The i-th line of the p-th patch: four neighbours where the lines are contiguous.
  OPSIG_DEVICE int line(int p, int i) const {
    return first_line() + (operand_.depth_contiguous ? p * kPatchLines + i * kGroups : p * 4 * kPatchLines + i);
  }

  OPSIG_DEVICE void take_place(int64_t first_line_of_tile) {
    place_ = Tile::place(first_line(), run());
#pragma unroll
    for (int p = 0; p < kPatches; ++p)
#pragma unroll
      for (int i = 0; i < 4; ++i)
        if (operand_.depth_contiguous || i == 0) lines_[p][i] = operand_.line(first_line_of_tile + line(p, i));
  }

  OPSIG_DEVICE Run<float, 4> read(const typename Operand::Line& line, const typename Operand::Step& step,
                                  bool inside) const {
    const float* from = inside ? operand_.at(line, step) : nullptr;
    return from == nullptr ? Run<float, 4>{} : read_word(from);
  }

  Operand operand_;
  typename Operand::Line lines_[kPatches][4];
  int place_;
  float patches_[kPatches][4][4];
};

// A warpgroup's half of the tile: the upper or the lower one of 128 rows, or the left or the right one of 64.
template <class Arithmetic, int Rows, int Columns>
struct WarpgroupTile {
  static_assert(Rows == 64 || Rows == 128);
  static constexpr int kColumns = Rows == 128 ? Columns : Columns / 2;

  float sums[kColumns / 8][4] = {};

  OPSIG_DEVICE static int half() { return static_cast<int>(threadIdx.x) / kWarpgroup; }
  OPSIG_DEVICE static int first_row() { return Rows == 128 ? half() * 64 : 0; }
  OPSIG_DEVICE static int first_column() { return Rows == 128 ? 0 : half() * kColumns; }

  OPSIG_DEVICE void start(const SharedLines<Arithmetic, Rows>& a, const SharedLines<Arithmetic, Columns>& b) {
    order_registers();
#pragma unroll
    for (int k = 0; k < kLineDepth / Arithmetic::kDepth; ++k) {
      // The smaller parts first.
      if constexpr (Arithmetic::kParts == 2) {
        start(a, 1, b, 0, k);
        start(a, 0, b, 1, k);
      }
      start(a, 0, b, 0, k);
    }
    commit_products();
  }

  // Calls store(row of the tile, column of the tile, value).
  template <class Store>
  OPSIG_DEVICE void each(const Store& store) const {
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    const int row = first_row() + static_cast<int>(threadIdx.x) % kWarpgroup / kWarp * 16 + lane / 4;
    const int column = first_column() + lane % 4 * 2;
#pragma unroll
    for (int n = 0; n < kColumns / 8; ++n)
#pragma unroll
      for (int i = 0; i < 4; ++i) store(row + i / 2 * 8, column + n * 8 + i % 2, sums[n][i]);
  }

 private:
  OPSIG_DEVICE void start(const SharedLines<Arithmetic, Rows>& a, int part_of_a,
                          const SharedLines<Arithmetic, Columns>& b, int part_of_b, int k) {
    start_product<Arithmetic::kInstruction, kColumns>(sums, a.from(first_row(), part_of_a).further(k),
                                                      b.from(first_column(), part_of_b).further(k));
  }
};

template <class Arithmetic, int Rows, int Columns>
struct WarpgroupStages {
  SharedLines<Arithmetic, Rows> a[kWarpgroupStages];
  SharedLines<Arithmetic, Columns> b[kWarpgroupStages];
};

// As TileProduct. A tile that is higher than wide is multiplied as its transpose.
template <class Arithmetic, int Rows, int Columns>
struct WarpgroupProduct {
  using Number = float;
  static constexpr int kRows = Rows, kColumns = Columns;
  static constexpr int kFollowedRows = kRows;

  template <class A, class B, class Operands, class Results>
  OPSIG_DEVICE static void run(int terms, int64_t begin, int64_t end, int64_t first_row, int64_t first_column,
                               const Operands& operands, const Results& results) {
    if constexpr (Rows > Columns) {
      WarpgroupProduct<Arithmetic, Columns, Rows>::template walk<WarpgroupProduct, B, A>(
          terms, begin, end, first_column, first_row, Transposed<Operands>{operands},
          [&](const auto& tile, auto& memory) { results(TransposedTile(tile), memory); });
    } else {
      walk<WarpgroupProduct, A, B>(terms, begin, end, first_row, first_column, operands, results);
    }
  }

 private:
  template <class, int, int>
  friend struct WarpgroupProduct;

  template <class Operands>
  struct Transposed {
    const Operands& of;
    OPSIG_DEVICE auto a(int term) const { return of.b(term); }
    OPSIG_DEVICE auto b(int term) const { return of.a(term); }
  };

  template <class Tile>
  struct TransposedTile {
    const Tile& of;
    OPSIG_DEVICE explicit TransposedTile(const Tile& tile) : of(tile) {}
    template <class Store>
    OPSIG_DEVICE void each(const Store& store) const {
      of.each([&](int row, int column, float value) { store(column, row, value); });
    }
  };

  // The results are Core's.
  template <class Core, class A, class B, class Operands, class Results>
  OPSIG_DEVICE static void walk(int terms, int64_t begin, int64_t end, int64_t first_row, int64_t first_column,
                                const Operands& operands, const Results& results) {
    using Memory = BlockMemory<Core, WarpgroupStages<Arithmetic, Rows, Columns>>;
    OPSIG_DYNAMIC_SHARED(Memory, memory);
    auto& stages = memory.stages;
    WarpgroupTile<Arithmetic, Rows, Columns> tile;
    PatchLoader<Arithmetic, Rows, A> load_a(operands.a(0), first_row);
    PatchLoader<Arithmetic, Columns, B> load_b(operands.b(0), first_column);
    // There are one or two terms.
    const int steps = static_cast<int>((end - begin + kLineDepth - 1) / kLineDepth), all = terms * steps;
    const auto load = [&](int step) {
      if (step >= all) return;
      if (step == steps) {
        load_a.turn_to(operands.a(1), first_row);
        load_b.turn_to(operands.b(1), first_column);
      }
      const int64_t depth = begin + static_cast<int64_t>(step < steps ? step : step - steps) * kLineDepth;
      load_a.load(depth, end);
      load_b.load(depth, end);
    };
    const auto put = [&](int step) {
      if (step >= all) return;
      load_a.put(stages.a[step % kWarpgroupStages]);
      load_b.put(stages.b[step % kWarpgroupStages]);
      publish_shared();
    };
    const auto multiply = [&](int step) {
      __syncthreads();
      tile.start(stages.a[step % kWarpgroupStages], stages.b[step % kWarpgroupStages]);
    };
    if (all > 0) {
      load(0);
      put(0);
      load(1);
      // The first product outside of the loop, in front of which the sums were written: of one that waits for the product
      // before, the assembler could not tell that nobody writes them meanwhile.
      multiply(0);
      put(1);
      load(2);
#pragma unroll 1
      for (int step = 1; step < all; ++step) {
        multiply(step);
        wait_for_products<1>();
        put(step + 1);
        load(step + 2);
      }
      finish_products(tile.sums);
    }
    results(tile, memory);
  }
};

}  // namespace opsig
