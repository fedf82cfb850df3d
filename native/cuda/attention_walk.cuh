// Attention in the manner of FlashAttention (Dao et al. 2022, arXiv 2205.14135), to second order; formulas in
// opsig/attention.h.
//
// A block owns lines of one head, queries or keys, and walks over tiles of 64 of the other side. Of the T x T matrices
// it holds one tile each, in registers. There are two kinds of product, in steps of 16 along their depth:
//   scores   tile += owned [lines, d] walked [64, d]^T        both operands stream through two stages of shared memory
//   outputs  outputs [lines, 64] += tile [lines, 64] walked   the tile lies in shared memory
// A step is 2 * 64 * 64 * 16 flops on 8 or 4 KiB from the second-level cache: 16 or 32 flops per byte. A thread has
// 8 x 4 numbers of a tile in float32, so that 12 shared reads of 16 bytes feed 128 multiply-adds, which take as long as
// 16 such reads. With 128 threads, 41 KiB and at most 255 registers two blocks or more fit a multiprocessor: one
// computes while another waits.
//
// Products of 2 T^2 d flops, half as many where causal, and the least possible in brackets:
//   forward            2 (2)         one sweep; what was summed is corrected as the largest score grows
//   tangent            6 (5)         O comes beside O', since the mean of S' is known at the end of the sweep only
//   second_order      12 (6)         tangent for the means, then a sweep of 6
//   backward           2 + 7 K (5 K) forward, since <P * P^> = <O^, O>; 3 by queries for Q^; 4 by keys for K^ and V^
//   tangent_backward  24 (12)        tangent, since O and O' give all means; 8 by queries; 10 by keys
// One sweep for cotangents of queries and keys would add floats of several blocks in the order in which they come, or
// store partial sums of size T^2. Heads wider than 64 are cut into slices of outputs; each computes the scores again.
#pragma once

#include "async_copy.cuh"
#include "math/functions.h"
#include "opsig/attention.h"

namespace opsig::attention {

using Arguments = opsig_attention_arguments;

constexpr int kThreads = 128;
constexpr int kDepth = 16;   // of a step
constexpr int kWalked = 64;  // lines of the other side in a tile
constexpr int kWidth = 64;   // columns of the outputs of a block
constexpr int kPlaces = 16;  // threads along a tile's columns; there are kThreads / kPlaces along its rows
constexpr int kColumns = kWalked / kPlaces;
constexpr int kMostFeeds = 10;
// Of 16-byte words along a step: more would keep more operands in registers than there are.
constexpr int kUnroll = 1;

// Numbers of two words per thread would not fit the registers in a larger tile.
template <class T>
constexpr int kOwned = sizeof(T) == 4 ? 64 : 32;
template <class T>
constexpr int kRows = kOwned<T> / (kThreads / kPlaces);
template <class T>
constexpr int kVector = 16 / static_cast<int>(sizeof(T));

// What a sweep over the keys leaves for the next, for every row of the softmax P = share exp(S - top): means over it.
template <class T>
struct RowNumbers {
  T top, share;
  T moved;           // <P * S'>
  T pulled;          // <P * P^>
  T pulled_tangent;  // its derivative
};

template <class T>
OPSIG_DEVICE RowNumbers<T>* rows_of(void* numbers, int64_t first) {
  return static_cast<RowNumbers<T>*>(numbers) + first;
}

template <class T>
OPSIG_DEVICE const RowNumbers<T>* rows_of(const void* numbers, int64_t first) {
  return static_cast<const RowNumbers<T>*>(numbers) + first;
}

// The matrix [positions, width] of one head.
template <class T>
struct HeadMatrix {
  const T* first;
  int64_t stride;
};

// Operands of a product of the walk; a product without owned operand is one of outputs.
template <class T>
struct Feed {
  HeadMatrix<T> owned, walked;
};

// Rows of a stage start an odd number of 16-byte words apart, so that 8 lines next to each other meet no bank twice;
// rows of the weights half the banks apart, for the two rows that a warp writes.
template <class T>
struct alignas(16) Shared {
  T owned[2][kOwned<T>][kDepth + kVector<T>];
  T walked[2][kWalked][kDepth + kVector<T>];
  T weights[kOwned<T>][kWalked + kPlaces * 4 / sizeof(T)];
  Feed<T> feeds[kMostFeeds];
};

template <class T>
struct alignas(16) Word {
  T at[kVector<T>];
};

template <class T>
OPSIG_DEVICE Word<T> word_at(const T* from) {
  return *reinterpret_cast<const Word<T>*>(from);
}

// A thread's part of a tile of scores, or of the owned outputs.
template <class T>
struct Part {
  T at[kRows<T>][kColumns] = {};
};

// The sum, or the largest, over the threads that share a row of a tile, in each of them.
template <class T>
OPSIG_DEVICE T row_sum(T value) {
  for (int lane = kPlaces / 2; lane > 0; lane /= 2) value += __shfl_xor_sync(0xffffffffu, value, lane);
  return value;
}

template <class T>
OPSIG_DEVICE T row_largest(T value) {
  for (int lane = kPlaces / 2; lane > 0; lane /= 2) value = max(value, __shfl_xor_sync(0xffffffffu, value, lane));
  return value;
}

// One block: its head, its lines, and the walk. QueriesOwned says which side is which. Positions and channels of a head
// fit 32 bits, which spares registers.
template <class T, bool QueriesOwned>
class Walk {
 public:
  OPSIG_DEVICE Walk(const Arguments& a, Shared<T>& shared)
      : a_(a), shared_(shared), positions_(static_cast<int>(a.positions)), width_(static_cast<int>(a.width)) {
    // Where causal the longest walks come first.
    const int tile = static_cast<int>(blockIdx.x % tiles());
    first_ = (QueriesOwned ? static_cast<int>(tiles()) - 1 - tile : tile) * kOwned<T>;
    begin_ = !QueriesOwned && a.causal ? first_ / kWalked * kWalked : 0;
    end_ = QueriesOwned && a.causal ? min(first_ + kOwned<T>, positions_) : positions_;
    scale_ = static_cast<T>(1 / sqrt(static_cast<double>(a.width)));
  }

  OPSIG_DEVICE int64_t vector() const { return blockIdx.x / tiles() / a_.heads / a_.samples; }
  OPSIG_DEVICE T scale() const { return scale_; }

  // Part `part` of `parts` that a position has in vector j of a tensor.
  OPSIG_DEVICE HeadMatrix<T> of(const void* tensor, int64_t j, int parts, int part) const {
    const int64_t channels = a_.heads * a_.width, stride = parts * channels;
    const T* sample = static_cast<const T*>(tensor) + (j * a_.samples + this->sample()) * a_.positions * stride;
    return {sample + part * channels + head() * a_.width, stride};
  }
  OPSIG_DEVICE HeadMatrix<T> query() const { return of(a_.qkv, 0, 3, 0); }
  OPSIG_DEVICE HeadMatrix<T> key() const { return of(a_.qkv, 0, 3, 1); }
  OPSIG_DEVICE HeadMatrix<T> value() const { return of(a_.qkv, 0, 3, 2); }
  OPSIG_DEVICE HeadMatrix<T> query_tangent() const { return of(a_.tangent, vector(), 3, 0); }
  OPSIG_DEVICE HeadMatrix<T> key_tangent() const { return of(a_.tangent, vector(), 3, 1); }
  OPSIG_DEVICE HeadMatrix<T> value_tangent() const { return of(a_.tangent, vector(), 3, 2); }

  // Where the numbers of this head's rows begin, in those of vector j.
  OPSIG_DEVICE int64_t row(int64_t j) const { return ((j * a_.samples + sample()) * a_.heads + head()) * a_.positions; }

  // ---- the products of a tile, in the order in which it takes them

  OPSIG_DEVICE void feed_scores(HeadMatrix<T> owned, HeadMatrix<T> walked) {
    if (threadIdx.x == 0) shared_.feeds[feeds_] = {owned, walked};
    ++feeds_;
  }
  OPSIG_DEVICE void feed_outputs(HeadMatrix<T> walked) { feed_scores({nullptr, 0}, walked); }

  // Calls tile() for each tile of the walk.
  template <class Body>
  OPSIG_DEVICE void over_tiles(const Body& tile) {
    __syncthreads();
    ahead_ = {begin_, 0, 0};
    start_next();
    for (tile_ = begin_; tile_ < end_; tile_ += kWalked) tile();
  }

  OPSIG_DEVICE void add_scores(Part<T>& scores) {
#pragma unroll 1
    for (int depth = 0; depth < width_; depth += kDepth) {
      const int stage = next();
#pragma unroll kUnroll
      for (int k = 0; k < kDepth; k += kVector<T>) {
        Word<T> owned[kRows<T>];
#pragma unroll
        for (int i = 0; i < kRows<T>; ++i) owned[i] = word_at(&shared_.owned[stage][row_line(i)][k]);
#pragma unroll
        for (int j = 0; j < kColumns; ++j) {
          const Word<T> walked = word_at(&shared_.walked[stage][column_line(j)][k]);
#pragma unroll
          for (int i = 0; i < kRows<T>; ++i)
#pragma unroll
            for (int v = 0; v < kVector<T>; ++v) scores.at[i][j] += owned[i].at[v] * walked.at[v];
        }
      }
    }
  }

  // outputs += weights times the walked operand; weight(i, j) is the thread's own.
  template <class Weight>
  OPSIG_DEVICE void add_outputs(Part<T>& outputs, const Weight& weight) {
    // Slower threads may still read the weights before.
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kRows<T>; ++i)
#pragma unroll
      for (int j = 0; j < kColumns; ++j) shared_.weights[row_line(i)][column_line(j)] = weight(i, j);
    add_outputs(outputs);
  }

  // With the weights as they are.
  OPSIG_DEVICE void add_outputs(Part<T>& outputs) {
    const int lines = min(kWalked, end_ - tile_);
#pragma unroll 1
    for (int line = 0; line < lines; line += kDepth) {
      const T* walked = &shared_.walked[next()][0][0];
#pragma unroll kUnroll
      for (int k = 0; k < kDepth; k += kVector<T>) {
        Word<T> weights[kRows<T>];
#pragma unroll
        for (int i = 0; i < kRows<T>; ++i) weights[i] = word_at(&shared_.weights[row_line(i)][line + k]);
#pragma unroll
        for (int v = 0; v < kVector<T>; ++v)
#pragma unroll
          for (int c = 0; c < kColumns; c += kVector<T>) {
            const Word<T> values = word_at(walked + (k + v) * kWidth + output_column(c));
#pragma unroll
            for (int i = 0; i < kRows<T>; ++i)
#pragma unroll
              for (int w = 0; w < kVector<T>; ++w) outputs.at[i][c + w] += weights[i].at[v] * values.at[w];
          }
      }
    }
  }

  // ---- where the thread's numbers of a tile lie

  OPSIG_DEVICE int query_of(int i, int j) const { return QueriesOwned ? first_ + row_line(i) : tile_ + column_line(j); }
  OPSIG_DEVICE bool attends(int i, int j) const {
    const int query = query_of(i, j), key = QueriesOwned ? tile_ + column_line(j) : first_ + row_line(i);
    return query < positions_ && key < positions_ && (!a_.causal || key <= query);
  }

  // Calls body(i, j, numbers of the query's row).
  template <class Body>
  OPSIG_DEVICE void each(const RowNumbers<T>* rows, const Body& body) const {
#pragma unroll
    for (int i = 0; i < kRows<T>; ++i)
#pragma unroll
      for (int j = 0; j < kColumns; ++j) body(i, j, rows[min(query_of(i, j), positions_ - 1)]);
  }

  // P of a tile from its scores.
  OPSIG_DEVICE void probabilities(const RowNumbers<T>* rows, Part<T>& scores) const {
    each(rows, [&](int i, int j, const RowNumbers<T>& row) {
      T& score = scores.at[i][j];
      score = attends(i, j) ? exp_of(score * scale_ - row.top) * row.share : T(0);
    });
  }

  // Calls body(i, position) for the owned lines, once per thread that has a part of the line.
  template <class Body>
  OPSIG_DEVICE void each_owned(const Body& body) const {
#pragma unroll
    for (int i = 0; i < kRows<T>; ++i)
      if (first_ + row_line(i) < positions_) body(i, first_ + row_line(i));
  }

  // Calls body(i, j, position, channel of the head) for the outputs.
  template <class Body>
  OPSIG_DEVICE void each_output(const Body& body) const {
    each_owned([&](int i, int position) {
#pragma unroll
      for (int j = 0; j < kColumns; ++j)
        if (slice() + output_column(j) < width_) body(i, j, position, slice() + output_column(j));
    });
  }

  OPSIG_DEVICE void write(HeadMatrix<T> to, const Part<T>& outputs) const {
    each_output([&](int i, int j, int position, int channel) {
      const_cast<T*>(to.first)[position * to.stride + channel] = outputs.at[i][j];
    });
  }

  // [accumulate] into part `part` of the cotangents of qkv.
  OPSIG_DEVICE void write_cotangent(int part, const Part<T>& outputs, T scale) const {
    const HeadMatrix<T> to = of(a_.out, vector(), 3, part);
    each_output([&](int i, int j, int position, int channel) {
      T* element = const_cast<T*>(to.first) + position * to.stride + channel;
      const T value = scale * outputs.at[i][j];
      *element = a_.accumulate ? *element + value : value;
    });
  }

  OPSIG_DEVICE bool is_first_of_row() const { return threadIdx.x % kPlaces == 0 && blockIdx.y == 0; }

 private:
  // A step that copies are to be started for: a tile of the walk, a product of it, a part of that.
  struct Ahead {
    int tile, feed, part;
  };

  OPSIG_DEVICE int64_t tiles() const { return (a_.positions + kOwned<T> - 1) / kOwned<T>; }
  OPSIG_DEVICE int64_t head() const { return blockIdx.x / tiles() % a_.heads; }
  OPSIG_DEVICE int64_t sample() const { return blockIdx.x / tiles() / a_.heads % a_.samples; }
  // The first of the outputs' columns.
  OPSIG_DEVICE static int slice() { return static_cast<int>(blockIdx.y) * kWidth; }

  OPSIG_DEVICE static int row_line(int i) { return static_cast<int>(threadIdx.x) / kPlaces + kThreads / kPlaces * i; }
  OPSIG_DEVICE static int column_line(int j) { return static_cast<int>(threadIdx.x) % kPlaces + kPlaces * j; }
  OPSIG_DEVICE static int output_column(int j) {
    return (j / kVector<T> * kPlaces + static_cast<int>(threadIdx.x) % kPlaces) * kVector<T> + j % kVector<T>;
  }

  // The stage of the next step, whose copies are done; those of the step after are started.
  OPSIG_DEVICE int next() {
    finish_copies();
    __syncthreads();
    stage_ ^= 1;
    start_next();
    return stage_ ^ 1;
  }

  // Into the stage `stage_`.
  OPSIG_DEVICE void start_next() {
    if (ahead_.tile >= end_) return;
    const Feed<T> feed = shared_.feeds[ahead_.feed];
    const bool scores = feed.owned.first != nullptr;
    if (scores) {
      const int depth = ahead_.part * kDepth;
      constexpr int kStride = kDepth + kVector<T>;
      copy_tile<kOwned<T>, kDepth, kStride>(feed.owned, first_, depth, &shared_.owned[stage_][0][0]);
      copy_tile<kWalked, kDepth, kStride>(feed.walked, ahead_.tile, depth, &shared_.walked[stage_][0][0]);
    } else {
      const int line = ahead_.tile + ahead_.part * kDepth;
      copy_tile<kDepth, kWidth, kWidth>(feed.walked, line, slice(), &shared_.walked[stage_][0][0]);
    }
    const int length = scores ? width_ : min(kWalked, end_ - ahead_.tile);
    if (++ahead_.part * kDepth < length) return;
    ahead_.part = 0;
    if (++ahead_.feed < feeds_) return;
    ahead_.feed = 0;
    ahead_.tile += kWalked;
  }

  // Starts the copies of [line, line + Lines) x [column, column + Columns) of a matrix; zeros where it has ended.
  template <int Lines, int Columns, int Stride>
  OPSIG_DEVICE void copy_tile(HeadMatrix<T> from, int line, int column, T* to) const {
    if (width_ % kVector<T> == 0 && reinterpret_cast<uint64_t>(from.first) % 16 == 0)
      copy_runs<Lines, Columns, Stride, kVector<T>>(from, line, column, to);
    else
      copy_runs<Lines, Columns, Stride, 1>(from, line, column, to);
  }

  template <int Lines, int Columns, int Stride, int Run>
  OPSIG_DEVICE void copy_runs(HeadMatrix<T> from, int line, int column, T* to) const {
    constexpr int kRuns = Columns / Run;
#pragma unroll 1
    for (int n = 0; n < (Lines * kRuns + kThreads - 1) / kThreads; ++n) {
      const int run = n * kThreads + static_cast<int>(threadIdx.x), i = run / kRuns, c = run % kRuns * Run;
      if (i >= Lines) break;
      T* at = to + i * Stride + c;
      if (line + i < positions_ && column + c < width_) {
        start_copy<Run * sizeof(T)>(at, from.first + (line + i) * from.stride + (column + c));
      } else {
#pragma unroll
        for (int v = 0; v < Run; ++v) at[v] = T(0);
      }
    }
  }

  const Arguments& a_;
  Shared<T>& shared_;
  int positions_, width_, first_, begin_, end_, tile_ = 0, feeds_ = 0, stage_ = 0;
  T scale_;
  Ahead ahead_{};
};

}  // namespace opsig::attention
