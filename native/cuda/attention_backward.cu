// Attention's cotangents and their tangents, by blocks of queries and by blocks of keys; see attention_walk.cuh.
#include "attention_walk.cuh"

namespace {

using namespace opsig;
using namespace opsig::attention;

// Completes the numbers of the rows of K vectors, a warp per row, from O [N, T, h, d] and O' of K vectors:
//   backward           pulled = <O^_j, O>; top and share come from the first vector's
//   tangent_backward   pulled = <O^, O>; pulled_tangent = <O^'_j, O> + <O^, O'_j>
template <class T>
OPSIG_DEVICE void attention_means(const Arguments& a, const void* primal, const void* primal_tangent, void* numbers) {
  const int64_t rows = a.samples * a.positions * a.heads, count = a.vectors * rows;
  const int64_t warps = static_cast<int64_t>(gridDim.x) * blockDim.x / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const auto dot = [&](const void* x, int64_t x_row, const void* y, int64_t y_row) {
    const T *left = static_cast<const T*>(x) + x_row * a.width, *right = static_cast<const T*>(y) + y_row * a.width;
    T sum = 0;
    for (int64_t c = lane; c < a.width; c += kWarp) sum += left[c] * right[c];
    return warp_sum(sum);
  };
  for (int64_t i = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / kWarp; i < count; i += warps) {
    // Rows of the outputs come by position and then head, numbers the other way round.
    const int64_t row = i % rows, head = row % a.heads, position = row / a.heads % a.positions;
    const int64_t place = (row / a.heads / a.positions * a.heads + head) * a.positions + position;
    RowNumbers<T>& of_vector = *rows_of<T>(numbers, i / rows * rows + place);
    const T pull = dot(a.output_cotangent, i, primal, row);
    if (primal_tangent == nullptr) {
      const RowNumbers<T>& of_first = *rows_of<T>(numbers, place);
      if (lane == 0) {
        of_vector.top = of_first.top;
        of_vector.share = of_first.share;
        of_vector.pulled = pull;
      }
    } else {
      const T pulled = dot(a.cotangent, row, primal, row), moved = dot(a.cotangent, row, primal_tangent, i);
      if (lane == 0) {
        of_vector.pulled = pulled;
        of_vector.pulled_tangent = pull + moved;
      }
    }
  }
}

// Q^
template <class T>
OPSIG_DEVICE void attention_backward_queries(const Arguments& a, const void* numbers) {
  OPSIG_SHARED(Shared<T>, shared);
  Walk<T, true> walk(a, shared);
  walk.feed_scores(walk.query(), walk.key());
  walk.feed_scores(walk.of(a.output_cotangent, walk.vector(), 1, 0), walk.value());
  walk.feed_outputs(walk.key());
  const RowNumbers<T>* rows = rows_of<T>(numbers, walk.row(walk.vector()));
  Part<T> query;
  walk.over_tiles([&] {
    Part<T> p, pull;
    walk.add_scores(p);
    walk.probabilities(rows, p);
    walk.add_scores(pull);
    walk.each(rows, [&](int i, int j, const RowNumbers<T>& row) {
      pull.at[i][j] = p.at[i][j] * (pull.at[i][j] - row.pulled);
    });
    walk.add_outputs(query, [&](int i, int j) { return pull.at[i][j]; });
  });
  walk.write_cotangent(0, query, walk.scale());
}

// K^ and V^
template <class T>
OPSIG_DEVICE void attention_backward_keys(const Arguments& a, const void* numbers) {
  OPSIG_SHARED(Shared<T>, shared);
  Walk<T, false> walk(a, shared);
  const HeadMatrix<T> cotangent = walk.of(a.output_cotangent, walk.vector(), 1, 0);
  walk.feed_scores(walk.key(), walk.query());
  walk.feed_scores(walk.value(), cotangent);
  walk.feed_outputs(cotangent);
  walk.feed_outputs(walk.query());
  const RowNumbers<T>* rows = rows_of<T>(numbers, walk.row(walk.vector()));
  Part<T> key, value;
  walk.over_tiles([&] {
    Part<T> p, pull;
    walk.add_scores(p);
    walk.probabilities(rows, p);
    walk.add_scores(pull);
    walk.each(rows, [&](int i, int j, const RowNumbers<T>& row) {
      pull.at[i][j] = p.at[i][j] * (pull.at[i][j] - row.pulled);
    });
    walk.add_outputs(value, [&](int i, int j) { return p.at[i][j]; });
    walk.add_outputs(key, [&](int i, int j) { return pull.at[i][j]; });
  });
  walk.write_cotangent(1, key, walk.scale());
  walk.write_cotangent(2, value, T(1));
}

// Of z = S' - <P S'> and e = P^ - <P P^>, with P^' added to z e: S^' = P (z e + P^' - its mean) in z, S^ = P e in e.
template <class T, bool QueriesOwned>
OPSIG_DEVICE void finish_pulls(const Walk<T, QueriesOwned>& walk, const RowNumbers<T>* rows, const Part<T>& p,
                               Part<T>& z, Part<T>& e) {
  walk.each(rows, [&](int i, int j, const RowNumbers<T>& row) {
    z.at[i][j] = p.at[i][j] * (z.at[i][j] - row.pulled_tangent);
    e.at[i][j] *= p.at[i][j];
  });
}

// Q^'
template <class T>
OPSIG_DEVICE void attention_tangent_backward_queries(const Arguments& a, const void* numbers) {
  OPSIG_SHARED(Shared<T>, shared);
  Walk<T, true> walk(a, shared);
  const HeadMatrix<T> cotangent = walk.of(a.cotangent, 0, 1, 0);
  walk.feed_scores(walk.query(), walk.key());
  walk.feed_scores(walk.query_tangent(), walk.key());
  walk.feed_scores(walk.query(), walk.key_tangent());
  walk.feed_scores(cotangent, walk.value());
  walk.feed_scores(walk.of(a.output_cotangent, walk.vector(), 1, 0), walk.value());
  walk.feed_scores(cotangent, walk.value_tangent());
  walk.feed_outputs(walk.key());
  walk.feed_outputs(walk.key_tangent());
  const RowNumbers<T>* rows = rows_of<T>(numbers, walk.row(walk.vector()));
  Part<T> query;
  walk.over_tiles([&] {
    Part<T> p, z, e;
    walk.add_scores(p);
    walk.probabilities(rows, p);
    walk.add_scores(z);
    walk.add_scores(z);
    walk.add_scores(e);
    walk.each(rows, [&](int i, int j, const RowNumbers<T>& row) {
      e.at[i][j] -= row.pulled;
      z.at[i][j] = (z.at[i][j] * walk.scale() - row.moved) * e.at[i][j];
    });
    walk.add_scores(z);
    walk.add_scores(z);
    finish_pulls(walk, rows, p, z, e);
    walk.add_outputs(query, [&](int i, int j) { return z.at[i][j]; });
    walk.add_outputs(query, [&](int i, int j) { return e.at[i][j]; });
  });
  walk.write_cotangent(0, query, walk.scale());
}

// K^' and V^'
template <class T>
OPSIG_DEVICE void attention_tangent_backward_keys(const Arguments& a, const void* numbers) {
  OPSIG_SHARED(Shared<T>, shared);
  Walk<T, false> walk(a, shared);
  const HeadMatrix<T> cotangent = walk.of(a.cotangent, 0, 1, 0);
  const HeadMatrix<T> cotangent_tangent = walk.of(a.output_cotangent, walk.vector(), 1, 0);
  walk.feed_scores(walk.key(), walk.query());
  walk.feed_outputs(cotangent_tangent);
  walk.feed_scores(walk.key(), walk.query_tangent());
  walk.feed_scores(walk.key_tangent(), walk.query());
  walk.feed_outputs(cotangent);
  walk.feed_scores(walk.value(), cotangent);
  walk.feed_scores(walk.value(), cotangent_tangent);
  walk.feed_scores(walk.value_tangent(), cotangent);
  walk.feed_outputs(walk.query());
  walk.feed_outputs(walk.query_tangent());
  const RowNumbers<T>* rows = rows_of<T>(numbers, walk.row(walk.vector()));
  Part<T> key, value;
  walk.over_tiles([&] {
    Part<T> p, z, e;
    walk.add_scores(p);
    walk.probabilities(rows, p);
    walk.add_outputs(value, [&](int i, int j) { return p.at[i][j]; });
    walk.add_scores(z);
    walk.add_scores(z);
    walk.each(rows,
              [&](int i, int j, const RowNumbers<T>& row) { z.at[i][j] = z.at[i][j] * walk.scale() - row.moved; });
    walk.add_outputs(value, [&](int i, int j) { return p.at[i][j] * z.at[i][j]; });
    walk.add_scores(e);
    walk.each(rows, [&](int i, int j, const RowNumbers<T>& row) {
      e.at[i][j] -= row.pulled;
      z.at[i][j] *= e.at[i][j];
    });
    walk.add_scores(z);
    walk.add_scores(z);
    finish_pulls(walk, rows, p, z, e);
    walk.add_outputs(key, [&](int i, int j) { return z.at[i][j]; });
    walk.add_outputs(key, [&](int i, int j) { return e.at[i][j]; });
  });
  walk.write_cotangent(1, key, walk.scale());
  walk.write_cotangent(2, value, T(1));
}

}  // namespace

OPSIG_KERNELS(attention_means, 256,
              (opsig_attention_arguments a, const void* primal, const void* primal_tangent, void* numbers),
              (a, primal, primal_tangent, numbers))
OPSIG_KERNELS(attention_backward_queries, 128, (opsig_attention_arguments a, const void* numbers), (a, numbers))
OPSIG_KERNELS(attention_backward_keys, 128, (opsig_attention_arguments a, const void* numbers), (a, numbers))
OPSIG_KERNELS(attention_tangent_backward_queries, 128, (opsig_attention_arguments a, const void* numbers), (a, numbers))
OPSIG_KERNELS(attention_tangent_backward_keys, 128, (opsig_attention_arguments a, const void* numbers), (a, numbers))
