// Attention's sweeps from queries over keys: forward, tangent, second order; see attention_walk.cuh.
#include "attention_walk.cuh"

namespace {

using namespace opsig;
using namespace opsig::attention;

// The softmax of a sweep over the keys: the largest score of each row so far, and sums relative to it.
template <class T>
class RunningSoftmax {
 public:
  OPSIG_DEVICE RunningSoftmax() {
#pragma unroll
    for (int i = 0; i < kRows<T>; ++i) top_[i] = T(-INFINITY);
  }

  // Makes exp(S - top) of the scores; correction[i] brings what was summed so far to the new top.
  OPSIG_DEVICE void add(const Walk<T, true>& walk, Part<T>& scores, T (&correction)[kRows<T>]) {
#pragma unroll
    for (int i = 0; i < kRows<T>; ++i) {
      T top = T(-INFINITY);
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        scores.at[i][j] = walk.attends(i, j) ? scores.at[i][j] * walk.scale() : T(-INFINITY);
        top = max(top, scores.at[i][j]);
      }
      // Lines beyond the last position attend to nothing; any finite top serves them.
      top = max(top_[i], max(row_largest(top), T(-1e30)));
      correction[i] = exp_of(top_[i] - top);
      top_[i] = top;
      T sum = 0;
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        scores.at[i][j] = exp_of(scores.at[i][j] - top);
        sum += scores.at[i][j];
      }
      sum_[i] = sum_[i] * correction[i] + sum;
    }
  }

  OPSIG_DEVICE T top(int i) const { return top_[i]; }
  // After the sweep, by all threads of a row together: 1 / sum.
  OPSIG_DEVICE T share(int i) const { return T(1) / row_sum(sum_[i]); }

 private:
  T top_[kRows<T>], sum_[kRows<T>] = {};
};

template <class T>
OPSIG_DEVICE void rescale(Part<T>& outputs, const T (&factor)[kRows<T>]) {
#pragma unroll
  for (int i = 0; i < kRows<T>; ++i)
#pragma unroll
    for (int j = 0; j < kColumns; ++j) outputs.at[i][j] *= factor[i];
}

// out = O; the numbers of the rows unless null.
template <class T>
OPSIG_DEVICE void attention_forward(const Arguments& a, void* numbers) {
  OPSIG_SHARED(Shared<T>, shared);
  Walk<T, true> walk(a, shared);
  walk.feed_scores(walk.query(), walk.key());
  walk.feed_outputs(walk.value());
  RunningSoftmax<T> softmax;
  Part<T> outputs;
  walk.over_tiles([&] {
    Part<T> p;
    T correction[kRows<T>];
    walk.add_scores(p);
    softmax.add(walk, p, correction);
    rescale(outputs, correction);
    walk.add_outputs(outputs, [&](int i, int j) { return p.at[i][j]; });
  });
  T share[kRows<T>];
#pragma unroll
  for (int i = 0; i < kRows<T>; ++i) share[i] = softmax.share(i);
  rescale(outputs, share);
  walk.write(walk.of(a.out, 0, 1, 0), outputs);
  if (numbers != nullptr && walk.is_first_of_row())
    walk.each_owned([&](int i, int position) {
      rows_of<T>(numbers, walk.row(0))[position] = {softmax.top(i), share[i], T(0), T(0), T(0)};
    });
}

// out = O'; unless null, O of the first vector and the numbers of the rows.
template <class T>
OPSIG_DEVICE void attention_tangent(const Arguments& a, void* primal, void* numbers) {
  OPSIG_SHARED(Shared<T>, shared);
  Walk<T, true> walk(a, shared);
  walk.feed_scores(walk.query(), walk.key());
  walk.feed_scores(walk.query_tangent(), walk.key());
  walk.feed_scores(walk.query(), walk.key_tangent());
  walk.feed_outputs(walk.value());
  walk.feed_outputs(walk.value_tangent());
  walk.feed_outputs(walk.value());
  RunningSoftmax<T> softmax;
  Part<T> outputs, moved_outputs;
  T mean[kRows<T>] = {};
  walk.over_tiles([&] {
    Part<T> p, moved;
    T correction[kRows<T>];
    walk.add_scores(p);
    softmax.add(walk, p, correction);
    walk.add_scores(moved);
    walk.add_scores(moved);
    rescale(outputs, correction);
    rescale(moved_outputs, correction);
#pragma unroll
    for (int i = 0; i < kRows<T>; ++i) {
      mean[i] *= correction[i];
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        moved.at[i][j] *= walk.scale() * p.at[i][j];
        mean[i] += moved.at[i][j];
      }
    }
    walk.add_outputs(outputs, [&](int i, int j) { return p.at[i][j]; });
    walk.add_outputs(moved_outputs);
    walk.add_outputs(moved_outputs, [&](int i, int j) { return moved.at[i][j]; });
  });
  T share[kRows<T>];
#pragma unroll
  for (int i = 0; i < kRows<T>; ++i) {
    share[i] = softmax.share(i);
    mean[i] = row_sum(mean[i]) * share[i];
#pragma unroll
    for (int j = 0; j < kColumns; ++j) {
      outputs.at[i][j] *= share[i];
      moved_outputs.at[i][j] = moved_outputs.at[i][j] * share[i] - mean[i] * outputs.at[i][j];
    }
  }
  walk.write(walk.of(a.out, walk.vector(), 1, 0), moved_outputs);
  if (primal != nullptr && walk.vector() == 0) walk.write(walk.of(primal, 0, 1, 0), outputs);
  if (numbers != nullptr && walk.is_first_of_row())
    walk.each_owned([&](int i, int position) {
      rows_of<T>(numbers, walk.row(walk.vector()))[position] = {softmax.top(i), share[i], mean[i], T(0), T(0)};
    });
}

// O'' = P (w - <P w>) V + 2 P z V' with z = S' - <P S'>, from O and the numbers that `tangent` left.
template <class T>
OPSIG_DEVICE void attention_second_order(const Arguments& a, const void* primal, const void* numbers) {
  OPSIG_SHARED(Shared<T>, shared);
  Walk<T, true> walk(a, shared);
  walk.feed_scores(walk.query(), walk.key());
  walk.feed_scores(walk.query_tangent(), walk.key());
  walk.feed_scores(walk.query(), walk.key_tangent());
  walk.feed_scores(walk.query_tangent(), walk.key_tangent());
  walk.feed_outputs(walk.value());
  walk.feed_outputs(walk.value_tangent());
  const RowNumbers<T>* rows = rows_of<T>(numbers, walk.row(walk.vector()));
  Part<T> outputs;
  T mean[kRows<T>] = {};
  walk.over_tiles([&] {
    Part<T> p, z, w;
    walk.add_scores(p);
    walk.probabilities(rows, p);
    walk.add_scores(z);
    walk.add_scores(z);
    walk.add_scores(w);
    walk.each(rows, [&](int i, int j, const RowNumbers<T>& row) {
      const T moved = z.at[i][j] * walk.scale() - row.moved;
      z.at[i][j] = T(2) * p.at[i][j] * moved;
      w.at[i][j] = p.at[i][j] * (moved * moved + T(2) * walk.scale() * w.at[i][j]);
      mean[i] += w.at[i][j];
    });
    walk.add_outputs(outputs, [&](int i, int j) { return w.at[i][j]; });
    walk.add_outputs(outputs, [&](int i, int j) { return z.at[i][j]; });
  });
#pragma unroll
  for (int i = 0; i < kRows<T>; ++i) mean[i] = row_sum(mean[i]);
  const HeadMatrix<T> o = walk.of(primal, 0, 1, 0);
  walk.each_output([&](int i, int j, int position, int channel) {
    outputs.at[i][j] -= mean[i] * o.first[position * o.stride + channel];
  });
  walk.write(walk.of(a.out, walk.vector(), 1, 0), outputs);
}

}  // namespace

OPSIG_KERNELS(attention_forward, 128, (opsig_attention_arguments a, void* numbers), (a, numbers))
OPSIG_KERNELS(attention_tangent, 128, (opsig_attention_arguments a, void* primal, void* numbers), (a, primal, numbers))
OPSIG_KERNELS(attention_second_order, 128, (opsig_attention_arguments a, const void* primal, const void* numbers),
              (a, primal, numbers))
