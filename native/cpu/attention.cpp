// Threads share the heads of all samples. A head's operands are first copied to panels with padded rows, and transposed
// where a product wants them so; that costs T d against the T^2 d of a product. The softmax is walked in tiles of whole
// rows and is recomputed in every pass: one product of 2 (forward), 5 (tangent and backward) or 12 (tangent_backward)
// in all.
#include "opsig/attention.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "math/functions.h"
#include "operation.h"
#include "panel_product.h"
#include "parallel.h"

namespace {

using namespace opsig;
using Arguments = opsig_attention_arguments;

// Rows of a tile: a multiple of the product's, few enough for some tiles of a thousand columns in the second-level
// cache.
constexpr int64_t kTileRows = 48;

// A matrix whose rows are whole registers; what pads them is zero.
template <class T>
class Panel {
 public:
  Panel() = default;
  Panel(int64_t rows, int64_t columns)
      : leading_(panel_columns<T>(columns)), values_(static_cast<size_t>(rows * leading_), T(0)) {}

  int64_t leading() const { return leading_; }
  T* row(int64_t i) { return values_.data() + i * leading_; }
  const T* row(int64_t i) const { return values_.data() + i * leading_; }
  void clear() { std::fill(values_.begin(), values_.end(), T(0)); }

 private:
  int64_t leading_ = 0;
  std::vector<T> values_;
};

// Queries (scaled by 1/sqrt(d)), keys and values of a head, or their tangents; keys and values transposed too.
template <class T>
struct Operands {
  Panel<T> q, k, v, k_transposed, v_transposed;

  explicit Operands(const Arguments& a)
      : q(a.positions, a.width),
        k(a.positions, a.width),
        v(a.positions, a.width),
        k_transposed(a.width, a.positions),
        v_transposed(a.width, a.positions) {}

  void load(const Arguments& a, const T* qkv, T scale) {
    const int64_t part = a.heads * a.width;
    for (int64_t t = 0; t < a.positions; ++t) {
      const T* from = qkv + t * 3 * part;
      for (int64_t c = 0; c < a.width; ++c) {
        q.row(t)[c] = scale * from[c];
        k.row(t)[c] = k_transposed.row(c)[t] = from[part + c];
        v.row(t)[c] = v_transposed.row(c)[t] = from[2 * part + c];
      }
    }
  }
};

// Rows of a tile, and the columns that their softmax reaches.
struct Tile {
  int64_t first, rows, columns;
};

// One head of one sample at a time, with everything a thread needs for it.
template <class T>
class Head {
 public:
  explicit Head(const Arguments& a)
      : a_(a), scale_(static_cast<T>(1 / std::sqrt(static_cast<double>(a.width)))), primal_(a), p_(tile_panel()) {}

  void move_to(int64_t item) {
    sample_ = item / a_.heads;
    head_ = item % a_.heads;
    primal_.load(a_, of_head(a_.qkv, 0, 3), scale_);
  }

  void forward() {
    if (!out_.leading()) out_ = Panel<T>(kTileRows, a_.width);
    over_tiles([&](const Tile& tile) {
      probabilities(tile);
      multiply(tile, p_, primal_.v, out_);
      write_rows(tile, 0, out_);
    });
  }

  void tangent(int64_t j) {
    prepare_tangent(j);
    over_tiles([&](const Tile& tile) {
      probabilities(tile);
      centred_tangent(tile);
      over_rows(tile, [&](int64_t i) {
        const T *p = p_.row(i), *z = moved_.row(i);
        T* to = work_.row(i);
#pragma omp simd
        for (int64_t c = 0; c < tile.columns; ++c) to[c] = p[c] * z[c];
      });
      multiply(tile, work_, primal_.v, out_);
      add_multiply(tile, p_, tangent_.v, out_);
      write_rows(tile, j, out_);
    });
  }

  void second_order(int64_t j) {
    prepare_tangent(j);
    over_tiles([&](const Tile& tile) {
      probabilities(tile);
      centred_tangent(tile);
      scores(tile, tangent_.q, tangent_.k_transposed, work_);
      over_rows(tile, [&](int64_t i) {
        const T* p = p_.row(i);
        T *z = moved_.row(i), *w = work_.row(i);
        T mean = 0;
#pragma omp simd reduction(+ : mean)
        for (int64_t c = 0; c < tile.columns; ++c) {
          w[c] = z[c] * z[c] + T(2) * w[c];
          mean += p[c] * w[c];
        }
#pragma omp simd
        for (int64_t c = 0; c < tile.columns; ++c) {
          w[c] = p[c] * (w[c] - mean);
          z[c] *= T(2) * p[c];
        }
      });
      multiply(tile, work_, primal_.v, out_);
      add_multiply(tile, moved_, tangent_.v, out_);
      write_rows(tile, j, out_);
    });
  }

  void backward(int64_t j) {
    prepare_backward();
    load_cotangent(of_head(a_.output_cotangent, j, 1), cotangent_);
    over_tiles([&](const Tile& tile) {
      probabilities(tile);
      scores(tile, cotangent_, primal_.v_transposed, work_);
      centre(tile, work_);
      add_transposed(tile, p_, cotangent_, v_);
      times_probabilities(tile, work_);
      add_transposed(tile, work_, primal_.q, k_);
      add_product(tile, work_, primal_.k, q_.row(tile.first));
    });
    write_operands(j);
  }

  // Tiles: moved_ z, work_ P^ - <P P^>, more_ P^' and then S^'.
  void tangent_backward(int64_t j) {
    prepare_backward();
    prepare_tangent(j);
    if (!more_.leading()) {
      more_ = tile_panel();
      cotangent_tangent_ = Panel<T>(a_.positions, a_.width);
    }
    load_cotangent(of_head(a_.cotangent, 0, 1), cotangent_);
    load_cotangent(of_head(a_.output_cotangent, j, 1), cotangent_tangent_);
    over_tiles([&](const Tile& tile) {
      probabilities(tile);
      centred_tangent(tile);
      scores(tile, cotangent_, primal_.v_transposed, work_);
      centre(tile, work_);
      scores(tile, cotangent_tangent_, primal_.v_transposed, more_);
      add_scores(tile, cotangent_, tangent_.v_transposed, more_);
      over_rows(tile, [&](int64_t i) {
        // With P' = P z and e = P^ - <P P^>: <P' P^> = <P z e>, since <P z> = 0; S^' = P (z e + P^' - <P (z e + P^')>).
        const T* p = p_.row(i);
        T *z = moved_.row(i), *e = work_.row(i), *m = more_.row(i);
        T mean = 0;
#pragma omp simd reduction(+ : mean)
        for (int64_t c = 0; c < tile.columns; ++c) {
          m[c] += z[c] * e[c];
          mean += p[c] * m[c];
        }
#pragma omp simd
        for (int64_t c = 0; c < tile.columns; ++c) {
          m[c] = p[c] * (m[c] - mean);
          e[c] *= p[c];
          z[c] *= p[c];
        }
      });
      add_transposed(tile, moved_, cotangent_, v_);
      add_transposed(tile, p_, cotangent_tangent_, v_);
      add_transposed(tile, more_, primal_.q, k_);
      add_transposed(tile, work_, tangent_.q, k_);
      add_product(tile, more_, primal_.k, q_.row(tile.first));
      add_product(tile, work_, tangent_.k, q_.row(tile.first));
    });
    write_operands(j);
  }

 private:
  Panel<T> tile_panel() const { return Panel<T>(kTileRows, a_.positions); }

  // Where this head begins in vector j of a tensor with that many parts per position.
  const T* of_head(const void* tensor, int64_t j, int64_t parts) const {
    return static_cast<const T*>(tensor) +
           ((j * a_.samples + sample_) * a_.positions * parts * a_.heads + head_) * a_.width;
  }

  template <class Body>
  void over_tiles(const Body& body) const {
    for (int64_t first = 0; first < a_.positions; first += kTileRows) {
      const int64_t rows = std::min(kTileRows, a_.positions - first);
      body(Tile{first, rows, a_.causal ? first + rows : a_.positions});
    }
  }

  template <class Body>
  static void over_rows(const Tile& tile, const Body& body) {
    for (int64_t i = 0; i < tile.rows; ++i) body(i);
  }

  void prepare_tangent(int64_t j) {
    if (!moved_.leading()) {
      moved_ = tile_panel();
      tangent_ = Operands<T>(a_);
    }
    prepare_work();
    tangent_.load(a_, of_head(a_.tangent, j, 3), scale_);
  }

  void prepare_backward() {
    prepare_work();
    if (!q_.leading()) {
      q_ = k_ = v_ = Panel<T>(a_.positions, a_.width);
      cotangent_ = q_;
    }
    q_.clear();
    k_.clear();
    v_.clear();
  }

  void prepare_work() {
    if (work_.leading()) return;
    work_ = tile_panel();
    out_ = Panel<T>(kTileRows, a_.width);
  }

  void load_cotangent(const T* from, Panel<T>& to) const {
    for (int64_t t = 0; t < a_.positions; ++t)
      std::copy(from + t * a_.heads * a_.width, from + t * a_.heads * a_.width + a_.width, to.row(t));
  }

  // to [tile rows, columns] += the tile's rows of `left` [T, d] times right [d, T]
  void add_scores(const Tile& tile, const Panel<T>& left, const Panel<T>& right, Panel<T>& to) const {
    add_panel_product<T>(tile.rows, panel_columns<T>(tile.columns), a_.width, left.row(tile.first), left.leading(), 1,
                         right.row(0), right.leading(), to.row(0), to.leading());
  }

  void scores(const Tile& tile, const Panel<T>& left, const Panel<T>& right, Panel<T>& to) const {
    over_rows(tile, [&](int64_t i) { std::fill(to.row(i), to.row(i) + panel_columns<T>(tile.columns), T(0)); });
    add_scores(tile, left, right, to);
  }

  // p_ = softmax of the scores; zero beyond the row's own position where causal.
  void probabilities(const Tile& tile) {
    scores(tile, primal_.q, primal_.k_transposed, p_);
    over_rows(tile, [&](int64_t i) {
      T* p = p_.row(i);
      const int64_t reach = a_.causal ? tile.first + i + 1 : a_.positions;
      T top = p[0], sum = 0;
#pragma omp simd reduction(max : top)
      for (int64_t c = 0; c < reach; ++c) top = p[c] > top ? p[c] : top;
#pragma omp simd reduction(+ : sum)
      for (int64_t c = 0; c < reach; ++c) {
        p[c] = exp_of(p[c] - top);
        sum += p[c];
      }
      const T share = T(1) / sum;
#pragma omp simd
      for (int64_t c = 0; c < reach; ++c) p[c] *= share;
      std::fill(p + reach, p + panel_columns<T>(tile.columns), T(0));
    });
  }

  // x = x - <P x>, row by row.
  void centre(const Tile& tile, Panel<T>& x) const {
    over_rows(tile, [&](int64_t i) {
      const T* p = p_.row(i);
      T* values = x.row(i);
      T mean = 0;
#pragma omp simd reduction(+ : mean)
      for (int64_t c = 0; c < tile.columns; ++c) mean += p[c] * values[c];
#pragma omp simd
      for (int64_t c = 0; c < tile.columns; ++c) values[c] -= mean;
    });
  }

  // moved_ = z = S' - <P S'>, so that P' = P z.
  void centred_tangent(const Tile& tile) {
    scores(tile, tangent_.q, primal_.k_transposed, moved_);
    add_scores(tile, primal_.q, tangent_.k_transposed, moved_);
    centre(tile, moved_);
  }

  void times_probabilities(const Tile& tile, Panel<T>& x) const {
    over_rows(tile, [&](int64_t i) {
      const T* p = p_.row(i);
      T* values = x.row(i);
#pragma omp simd
      for (int64_t c = 0; c < tile.columns; ++c) values[c] *= p[c];
    });
  }

  // to [tile rows, d] += weights [tile rows, columns] right [T, d]
  void add_product(const Tile& tile, const Panel<T>& weights, const Panel<T>& right, T* to) const {
    add_panel_product<T>(tile.rows, right.leading(), tile.columns, weights.row(0), weights.leading(), 1, right.row(0),
                         right.leading(), to, right.leading());
  }

  void add_multiply(const Tile& tile, const Panel<T>& weights, const Panel<T>& right, Panel<T>& to) const {
    add_product(tile, weights, right, to.row(0));
  }

  void multiply(const Tile& tile, const Panel<T>& weights, const Panel<T>& right, Panel<T>& to) const {
    to.clear();
    add_product(tile, weights, right, to.row(0));
  }

  // to [T, d] += transposed weights [columns, tile rows], the tile's rows of right
  void add_transposed(const Tile& tile, const Panel<T>& weights, const Panel<T>& right, Panel<T>& to) const {
    add_panel_product<T>(tile.columns, right.leading(), tile.rows, weights.row(0), 1, weights.leading(),
                         right.row(tile.first), right.leading(), to.row(0), to.leading());
  }

  void write_rows(const Tile& tile, int64_t j, const Panel<T>& from) const {
    T* out = const_cast<T*>(of_head(a_.out, j, 1));
    over_rows(tile, [&](int64_t i) {
      std::copy(from.row(i), from.row(i) + a_.width, out + (tile.first + i) * a_.heads * a_.width);
    });
  }

  void write_operands(int64_t j) const {
    T* out = const_cast<T*>(of_head(a_.out, j, 3));
    const int64_t part = a_.heads * a_.width;
    const auto write = [&](T* to, const T* from, T scale) {
      if (a_.accumulate)
        for (int64_t c = 0; c < a_.width; ++c) to[c] += scale * from[c];
      else
        for (int64_t c = 0; c < a_.width; ++c) to[c] = scale * from[c];
    };
    for (int64_t t = 0; t < a_.positions; ++t) {
      T* to = out + t * 3 * part;
      write(to, q_.row(t), scale_);
      write(to + part, k_.row(t), T(1));
      write(to + 2 * part, v_.row(t), T(1));
    }
  }

  const Arguments& a_;
  const T scale_;
  int64_t sample_ = 0, head_ = 0;
  Operands<T> primal_, tangent_{Arguments{}};
  Panel<T> p_, moved_, work_, more_, out_, cotangent_, cotangent_tangent_, q_, k_, v_;
};

// Calls body(head, vector) for every head of every sample. Heads do not share sums: how they are dealt out changes
// nothing.
template <class T, class Body>
void over_heads(const Arguments& a, Body body) {
  ParallelExceptions exceptions;
  const int64_t items = a.samples * a.heads;
  const bool pays = items * a.vectors * a.positions * a.positions * a.width > kParallelElements;
  const int64_t parts = pays ? std::min<int64_t>(items, omp_get_max_threads()) : 1;
#pragma omp parallel for if (parts > 1)
  for (int64_t p = 0; p < parts; ++p)
    exceptions.guard([&] {
      Head<T> head(a);
      for (int64_t item = p * items / parts; item < (p + 1) * items / parts; ++item) {
        head.move_to(item);
        for (int64_t j = 0; j < a.vectors; ++j) body(head, j);
      }
    });
  exceptions.rethrow();
}

void check(const Arguments& a) {
  require(a.vectors >= 1 && a.samples >= 1 && a.positions >= 1 && a.heads >= 1 && a.width >= 1,
          "extents must be positive");
}

}  // namespace

OPSIG_OPERATION(attention_forward, opsig_attention_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) {
    over_heads<decltype(zero)>(arguments, [](auto& head, int64_t) { head.forward(); });
  });
}

OPSIG_OPERATION(attention_tangent, opsig_attention_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) {
    over_heads<decltype(zero)>(arguments, [](auto& head, int64_t j) { head.tangent(j); });
  });
}

OPSIG_OPERATION(attention_backward, opsig_attention_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) {
    over_heads<decltype(zero)>(arguments, [](auto& head, int64_t j) { head.backward(j); });
  });
}

OPSIG_OPERATION(attention_tangent_backward, opsig_attention_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) {
    over_heads<decltype(zero)>(arguments, [](auto& head, int64_t j) { head.tangent_backward(j); });
  });
}

OPSIG_OPERATION(attention_second_order, opsig_attention_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) {
    over_heads<decltype(zero)>(arguments, [](auto& head, int64_t j) { head.second_order(j); });
  });
}
