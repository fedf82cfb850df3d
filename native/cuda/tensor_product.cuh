// The tiled product (tile_product.cuh) on tensor cores: float32 operands, rounded on their way from shared memory to
// registers (arithmetic.cuh), and float32 sums. In 3xtf32 a tile of 128 has no registers for both parts of the operands;
// with three instructions per word read, one of 64 is not short of words.
//
// A block of 4 warps owns Tile x Tile, a warp a quarter. Copies run three steps of 16 along the depth ahead, through
// four stages.
// An operand lies in shared memory as it does in global memory, so that copies are 16 bytes wide: [line][depth] or
// [depth][line].
// Fragments are read word by word, by strides: rows of 20 words, or of Tile + 8, put the 8 lines x 4 depths that a warp
// reads into 32 banks. (ldmatrix would take fewer instructions for as many bytes, and bytes are what limits.)
//
// With Tile = 128 a step is 2 * 128 * 128 * 16 flops on 16 KiB from global memory, and each warp reads 2 * 64 * 16
// words of shared memory for 2 * 64 * 64 * 16 flops: 16 flops per byte, 2048 per cycle and multiprocessor at 128 bytes
// per cycle, which is twice what the A100's tensor cores take in tf32 and what the H100's do. Those reach less than two
// thirds of their rate by these instructions (arXiv 2402.13499); warpgroup_product.cuh has their own. Shared memory
// takes 80 KiB; two blocks fit a multiprocessor.
#pragma once

#include "arithmetic.cuh"
#include "tile_product.cuh"

namespace opsig {

constexpr int kTensorThreads = 128;
constexpr int kTensorStages = 4;

// Where the words of an operand's tile lie: [line][depth] where its depth is contiguous, else [depth][line].
template <int Tile>
struct TensorOrder {
  int line_stride, depth_stride;
  OPSIG_DEVICE explicit TensorOrder(bool depth_contiguous)
      : line_stride(depth_contiguous ? kTileDepth + 4 : 1), depth_stride(depth_contiguous ? 1 : Tile + 8) {}
  OPSIG_DEVICE int operator()(int line, int depth) const { return line * line_stride + depth * depth_stride; }
};

template <int Tile>
struct alignas(16) TensorOperand {
  static constexpr int kByLines = Tile * (kTileDepth + 4), kByDepth = kTileDepth * (Tile + 8);
  float words[kByLines > kByDepth ? kByLines : kByDepth];
};

template <int Tile>
struct alignas(16) TensorStages {
  TensorOperand<Tile> a[kTensorStages], b[kTensorStages];
};

// Starts the copies of one operand's tile, 16 bytes at a time where the operand allows it.
template <int Tile, class Operand>
class TensorLoader {
 public:
  OPSIG_DEVICE TensorLoader(const Operand& operand, int64_t first_line) : operand_(operand) { find_lines(first_line); }

  // Goes on with the operand of another term.
  OPSIG_DEVICE void turn_to(const Operand& operand, int64_t first_line) {
    operand_ = operand;
    if constexpr (!Operand::same_lines) find_lines(first_line);
  }

  // `end` is one past the last depth of this block's share.
  OPSIG_DEVICE void start(int64_t depth, int64_t end, TensorOperand<Tile>& to) const {
    const TensorOrder<Tile> order(operand_.depth_contiguous);
    if (operand_.depth_contiguous) {
      const int k = thread() % kRuns * 4;
#pragma unroll
      for (int i = 0; i < kLines; ++i) {
        float* at = &to.words[order(thread() / kRuns + i * (kTensorThreads / kRuns), k)];
        if (operand_.wide) {
          copy<4>(lines_[i], depth + k, end, at);
        } else {
#pragma unroll 1
          for (int v = 0; v < 4; ++v) copy<1>(lines_[i], depth + k + v, end, at + v);
        }
      }
    } else if (operand_.wide) {
#pragma unroll
      for (int i = 0; i < kTileDepth * Tile / 4 / kTensorThreads; ++i) {
        const int k = (thread() + i * kTensorThreads) / (Tile / 4);
        copy<4>(lines_[0], depth + k, end, &to.words[order(thread() % (Tile / 4) * 4, k)]);
      }
    } else {
#pragma unroll 1
      for (int k = thread() / Tile; k < kTileDepth; k += kTensorThreads / Tile)
        copy<1>(lines_[0], depth + k, end, &to.words[order(thread() % Tile, k)]);
    }
  }

 private:
  static constexpr int kRuns = kTileDepth / 4, kLines = Tile * kRuns / kTensorThreads;

  OPSIG_DEVICE static int thread() { return static_cast<int>(threadIdx.x); }

  OPSIG_DEVICE void find_lines(int64_t first_line) {
    if (operand_.depth_contiguous) {
#pragma unroll
      for (int i = 0; i < kLines; ++i)
        lines_[i] = operand_.line(first_line + thread() / kRuns + i * (kTensorThreads / kRuns));
    } else {
      lines_[0] = operand_.line(first_line + (operand_.wide ? thread() % (Tile / 4) * 4 : thread() % Tile));
    }
  }

  template <int Count>
  OPSIG_DEVICE void copy(const typename Operand::Line& line, int64_t depth, int64_t end, float* to) const {
    const float* from = depth < end ? operand_.at(line, operand_.step(depth)) : nullptr;
    if (from != nullptr) {
      start_copy<Count * sizeof(float)>(to, from);
    } else {
#pragma unroll
      for (int i = 0; i < Count; ++i) to[i] = 0;
    }
  }

  Operand operand_;
  typename Operand::Line lines_[kLines];
};

// A warp's quarter of the tile, in matrices of 16 x 8.
template <class Arithmetic, int Tile>
struct WarpTile {
  static constexpr int kRows = Tile / 2 / 16, kColumns = Tile / 2 / 8, kParts = Arithmetic::kParts;

  float sums[kColumns][kRows][4] = {};

  OPSIG_DEVICE static int first_row() { return static_cast<int>(threadIdx.x) / kWarp / 2 * (Tile / 2); }
  OPSIG_DEVICE static int first_column() { return static_cast<int>(threadIdx.x) / kWarp % 2 * (Tile / 2); }
  OPSIG_DEVICE static int group() { return static_cast<int>(threadIdx.x) % kWarp / 4; }
  OPSIG_DEVICE static int place() { return static_cast<int>(threadIdx.x) % 4; }

  OPSIG_DEVICE void add(const TensorOperand<Tile>& a, TensorOrder<Tile> a_order, const TensorOperand<Tile>& b,
                        TensorOrder<Tile> b_order) {
    // Fragments of the next depth beside these would not fit the registers.
#pragma unroll 1
    for (int k = 0; k < kTileDepth; k += Arithmetic::kDepth) {
      uint32_t rows[kParts][kRows][4];
#pragma unroll
      for (int m = 0; m < kRows; ++m)
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          uint32_t words[kParts];
          read(a, a_order, first_row() + m * 16 + i % 2 * 8 + group(), k, i / 2, words);
#pragma unroll
          for (int part = 0; part < kParts; ++part) rows[part][m][i] = words[part];
        }
#pragma unroll
      for (int n = 0; n < kColumns; ++n) {
        uint32_t columns[kParts][2];
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          uint32_t words[kParts];
          read(b, b_order, first_column() + n * 8 + group(), k, half, words);
#pragma unroll
          for (int part = 0; part < kParts; ++part) columns[part][half] = words[part];
        }
        // The smaller parts first.
        if constexpr (kParts == 2) {
          multiply_matrices<Arithmetic::kInstruction>(sums[n], rows[1], columns[0]);
          multiply_matrices<Arithmetic::kInstruction>(sums[n], rows[0], columns[1]);
        }
        multiply_matrices<Arithmetic::kInstruction>(sums[n], rows[0], columns[0]);
      }
    }
  }

  // Calls store(row of the tile, column of the tile, value).
  template <class Store>
  OPSIG_DEVICE void each(const Store& store) const {
#pragma unroll
    for (int m = 0; m < kRows; ++m)
#pragma unroll
      for (int n = 0; n < kColumns; ++n)
#pragma unroll
        for (int i = 0; i < 4; ++i)
          store(first_row() + m * 16 + i / 2 * 8 + group(), first_column() + n * 8 + 2 * place() + i % 2,
                sums[n][m][i]);
  }

 private:
  // The words of a line for a half of an instruction's depth.
  OPSIG_DEVICE static void read(const TensorOperand<Tile>& operand, TensorOrder<Tile> order, int line, int k, int half,
                                uint32_t (&words)[Arithmetic::kParts]) {
    // The numbers of a word may be any two, as long as both operands take the same.
    const int depth = k + half * (Arithmetic::kDepth / 2) + place();
    float values[Arithmetic::kPack];
#pragma unroll
    for (int i = 0; i < Arithmetic::kPack; ++i) values[i] = operand.words[order(line, depth + 4 * i)];
    Arithmetic::round(values, words);
  }
};

// As TileProduct.
template <class Arithmetic, int Tile>
struct TensorProduct {
  using Number = float;
  static constexpr int kRows = Tile, kColumns = Tile;
  static constexpr int kFollowedRows = kRows;
  template <class A, class B, class Operands, class Results>
  OPSIG_DEVICE static void run(int terms, int64_t begin, int64_t end, int64_t first_row, int64_t first_column,
                               const Operands& operands, const Results& results) {
    using Memory = BlockMemory<TensorProduct, TensorStages<Tile>>;
    OPSIG_DYNAMIC_SHARED(Memory, memory);
    auto& stages = memory.stages;
    WarpTile<Arithmetic, Tile> tile;
    TensorLoader<Tile, A> load_a(operands.a(0), first_row);
    TensorLoader<Tile, B> load_b(operands.b(0), first_column);
    // There are one or two terms.
    const int steps = static_cast<int>((end - begin + kTileDepth - 1) / kTileDepth), all = terms * steps;
    const auto start = [&](int step) {
      if (step < all) {
        if (step == steps) {
          load_a.turn_to(operands.a(1), first_row);
          load_b.turn_to(operands.b(1), first_column);
        }
        const int64_t depth = begin + static_cast<int64_t>(step < steps ? step : step - steps) * kTileDepth;
        load_a.start(depth, end, stages.a[step % kTensorStages]);
        load_b.start(depth, end, stages.b[step % kTensorStages]);
      }
      commit_copies();
    };
#pragma unroll 1
    for (int step = 0; step < kTensorStages - 1; ++step) start(step);
#pragma unroll 1
    for (int step = 0; step < all; ++step) {
      wait_for_copies<kTensorStages - 2>();
      __syncthreads();
      // Into the stage of the step before this one, which was read before the barrier.
      start(step + kTensorStages - 1);
      const int term = step < steps ? 0 : 1, stage = step % kTensorStages;
      tile.add(stages.a[stage], TensorOrder<Tile>(operands.a(term).depth_contiguous), stages.b[stage],
               TensorOrder<Tile>(operands.b(term).depth_contiguous));
    }
    results(tile, memory);
  }
};

}  // namespace opsig
