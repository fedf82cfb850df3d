// The tiled product that matrix products and convolutions share: C [rows, columns] = sum over terms of A_t B_t.
//
// A block of 256 threads owns a tile of C of Tile x Tile and walks the depth in steps of 16, through two stages of
// shared memory: while one is multiplied, asynchronous copies fill the other, so that there is one barrier per step.
// Both operands lie in shared memory as [depth][line], a line being a row of A or a column of B; a thread multiplies
// with 16-byte reads, and its part of the tile stays in registers.
//
// With Tile = 128 in float32 a step is 2 * 128 * 128 * 16 flops on 16 KiB read from global memory: 32 flops per byte.
// Per thread and unit of depth there are 64 multiply-adds on 4 shared reads of 16 bytes. Shared memory takes 34 KiB; at
// some 190 registers one block of 8 warps fits a multiprocessor, and the copies of the next step are what hides its
// memory's latency.
//
// An operand is a type with
//   Line line(int64_t)                 what a line needs, decoded once before the walk
//   Step step(int64_t)                 what a place along the depth needs
//   const T* at(Line, Step)            where the element lies; null for a zero outside the operand
//   bool depth_contiguous              whether elements next to each other in memory follow along the depth or along
//                                      the lines
//   bool wide                          whether 16-byte words of them are whole and aligned
//   constexpr bool same_lines          whether the lines of one term are those of the next
#pragma once

#include "async_copy.cuh"
#include "followed_tile.cuh"

namespace opsig {

constexpr int kTileDepth = 16;
constexpr int kTileThreads = 256;

// Lines follow each other 32 bytes further than the tile is wide: rows of shared memory then start 8 banks apart, and
// the four depths times eight lines that a warp writes at once (Loader, third case) meet no bank twice.
template <class T, int Tile>
struct TileOperand {
  T at[kTileDepth][Tile + 32 / sizeof(T)];
};

template <class T, int Tile>
struct alignas(16) TileStages {
  TileOperand<T, Tile> a[2], b[2];
};

// Starts the copies of one operand's tile. What a warp reads at once:
//   wide            16 bytes along lines that lie next to each other
//   along lines     an element per thread, 32 lines
//   along depth     an element per thread, 8 lines x 4 depths: sixteen bytes of each of 8 rows of the source, half a
//   sector; the
//                   other half is read by the next copy of the same warp, from the first-level cache
template <class T, int Tile, class Operand>
class Loader {
 public:
  OPSIG_DEVICE Loader(const Operand& operand, int64_t first_line) : operand_(operand) { find_lines(first_line); }

  // Goes on with the operand of another term.
  OPSIG_DEVICE void turn_to(const Operand& operand, int64_t first_line) {
    operand_ = operand;
    if constexpr (!Operand::same_lines) find_lines(first_line);
  }

  // `end` is one past the last depth of this block's share.
  OPSIG_DEVICE void start(int64_t depth, int64_t end, TileOperand<T, Tile>& to) const {
    const int thread = static_cast<int>(threadIdx.x);
    if (operand_.depth_contiguous) {
#pragma unroll
      for (int i = 0; i < Tile * kTileDepth / kTileThreads; ++i) {
        const int patch = thread / kWarp + kTileThreads / kWarp * i, k = patch / (Tile / 8) * 4 + thread % 4;
        copy<1>(lines_[i % kLines], depth + k, end, &to.at[k][patch_line(i)]);
      }
    } else if (operand_.wide) {
#pragma unroll
      for (int i = 0; i < (Tile * kTileDepth / kVector + kTileThreads - 1) / kTileThreads; ++i) {
        const int k = (thread + i * kTileThreads) / (Tile / kVector);
        if (k < kTileDepth) copy<kVector>(lines_[0], depth + k, end, &to.at[k][thread % (Tile / kVector) * kVector]);
      }
    } else {
#pragma unroll
      for (int i = 0; i < Tile * kTileDepth / kTileThreads; ++i) {
        const int k = (thread + i * kTileThreads) / Tile;
        copy<1>(lines_[0], depth + k, end, &to.at[k][thread % Tile]);
      }
    }
  }

 private:
  static constexpr int kVector = 16 / sizeof(T);
  static constexpr int kLines = Tile >= 128 ? Tile / 64 : 1;

  OPSIG_DEVICE void find_lines(int64_t first_line) {
    const int thread = static_cast<int>(threadIdx.x);
    if (operand_.depth_contiguous) {
#pragma unroll
      for (int i = 0; i < kLines; ++i) lines_[i] = operand_.line(first_line + patch_line(i));
    } else {
      lines_[0] = operand_.line(first_line + (operand_.wide ? thread % (Tile / kVector) * kVector : thread % Tile));
    }
  }

  // The line of the thread in its i-th patch of 8 lines x 4 depths.
  OPSIG_DEVICE static int patch_line(int i) {
    const int thread = static_cast<int>(threadIdx.x), patch = thread / kWarp + kTileThreads / kWarp * i;
    return patch % (Tile / 8) * 8 + thread % kWarp / 4;
  }

  template <int Count>
  OPSIG_DEVICE void copy(const typename Operand::Line& line, int64_t depth, int64_t end, T* to) const {
    const T* from = depth < end ? operand_.at(line, operand_.step(depth)) : nullptr;
    if (from != nullptr) {
      start_copy<Count * sizeof(T)>(to, from);
    } else {
#pragma unroll
      for (int i = 0; i < Count; ++i) to[i] = T(0);
    }
  }

  Operand operand_;
  typename Operand::Line lines_[kLines];
};

template <class T, int Count>
struct alignas(sizeof(T) * Count) Run {
  T at[Count];
};

// A thread's part of the tile: Tile / 16 rows and columns, in runs of up to four that lie 16 runs apart, so that the
// reads of a warp are 16-byte words next to each other.
template <class T, int Tile>
struct ThreadTile {
  static constexpr int kSide = Tile / 16;
  static constexpr int kRun = kSide < 16 / static_cast<int>(sizeof(T)) ? kSide : 16 / static_cast<int>(sizeof(T));

  T sums[kSide][kSide] = {};

  // The i-th of this thread's lines, for its place 0..15 along that side.
  OPSIG_DEVICE static int line(int place, int i) { return (i / kRun * 16 + place) * kRun + i % kRun; }
  OPSIG_DEVICE static int row_place() { return static_cast<int>(threadIdx.x) / 16; }
  OPSIG_DEVICE static int column_place() { return static_cast<int>(threadIdx.x) % 16; }

  OPSIG_DEVICE void add(const TileOperand<T, Tile>& a, const TileOperand<T, Tile>& b) {
#pragma unroll
    for (int k = 0; k < kTileDepth; ++k) {
      T x[kSide], y[kSide];
      read(a.at[k], row_place(), x);
      read(b.at[k], column_place(), y);
#pragma unroll
      for (int i = 0; i < kSide; ++i)
#pragma unroll
        for (int j = 0; j < kSide; ++j) sums[i][j] += x[i] * y[j];
    }
  }

  // Calls store(row of the tile, column of the tile, value).
  template <class Store>
  OPSIG_DEVICE void each(const Store& store) const {
#pragma unroll
    for (int i = 0; i < kSide; ++i)
#pragma unroll
      for (int j = 0; j < kSide; ++j) store(line(row_place(), i), line(column_place(), j), sums[i][j]);
  }

 private:
  OPSIG_DEVICE static void read(const T* from, int place, T (&values)[kSide]) {
#pragma unroll
    for (int i = 0; i < kSide; i += kRun) {
      const Run<T, kRun> run = *reinterpret_cast<const Run<T, kRun>*>(from + line(place, i));
#pragma unroll
      for (int j = 0; j < kRun; ++j) values[i + j] = run.at[j];
    }
  }
};

// One way to multiply tiles of kRows x kColumns; TensorProduct and WarpgroupProduct are others. Sums over the terms and
// [begin, end) of the depth: operands.a(term) and operands.b(term) are the operands of a term, of type A and B.
// results(tile, memory) gets the tile, which calls store(row, column, value) for `each` of its results, zero where there
// is no depth, and the block's memory (followed_tile.cuh), which has room for kFollowedRows of them; registers are scarce
// until then. `first_row` and `first_column` are the tile's.
template <class T, int Tile>
struct TileProduct {
  using Number = T;
  static constexpr int kRows = Tile, kColumns = Tile;
  static constexpr int kFollowedRows = Tile < 64 ? Tile : 64;
  template <class A, class B, class Operands, class Results>
  OPSIG_DEVICE static void run(int terms, int64_t begin, int64_t end, int64_t first_row, int64_t first_column,
                               const Operands& operands, const Results& results) {
    using Memory = BlockMemory<TileProduct, TileStages<T, Tile>>;
    OPSIG_SHARED(Memory, memory);
    auto& stages = memory.stages;
    ThreadTile<T, Tile> tile;
    int term = begin < end ? 0 : terms, stage = 0;
    int64_t depth = begin;
    Loader<T, Tile, A> load_a(operands.a(0), first_row);
    Loader<T, Tile, B> load_b(operands.b(0), first_column);
    load_a.start(depth, end, stages.a[0]);
    load_b.start(depth, end, stages.b[0]);
    while (term < terms) {
      finish_copies();
      __syncthreads();
      depth += kTileDepth;
      if (depth >= end) {
        depth = begin;
        if (++term < terms) {
          load_a.turn_to(operands.a(term), first_row);
          load_b.turn_to(operands.b(term), first_column);
        }
      }
      // The other stage was read before the barrier.
      if (term < terms) {
        load_a.start(depth, end, stages.a[stage ^ 1]);
        load_b.start(depth, end, stages.b[stage ^ 1]);
      }
      tile.add(stages.a[stage], stages.b[stage]);
      stage ^= 1;
    }
    results(tile, memory);
  }
};

// How a launcher cuts the work of a product: blockIdx.x counts tiles of C, columns fastest; blockIdx.y the products of
// a batch; blockIdx.z shares of the depth. With several shares each writes its part to `partial` [share, batch, rows,
// columns].
struct TilePlan {
  int64_t depth_of_share;
  void* partial;
};

}  // namespace opsig
