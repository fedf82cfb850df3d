#include "row_normalization.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "parallel.h"

namespace opsig {
namespace {

using Arguments = opsig_normalization_arguments;

// Parts that threads share, cut by the shape alone.
constexpr int64_t kParts = 64;

// Rows that are summed in working precision before float64 takes over.
constexpr int64_t kBlockRows = 64;

// The mean over a row of terms(c), in working precision.
template <class T, class Term>
T mean_of(int64_t channels, const Term& term) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t c = 0; c < channels; ++c) sum += term(c);
  return sum / static_cast<T>(channels);
}

template <class T>
const T* at(const void* tensor, int64_t offset) {
  return tensor == nullptr ? nullptr : static_cast<const T*>(tensor) + offset;
}

// A parameter's cotangents [K, C] of the rows of one part.
template <class T>
class ParameterSums {
 public:
  ParameterSums(const Arguments& a, bool wanted)
      : size_(wanted ? a.vectors * a.channels : 0), block_(size_), total_(size_) {}

  // Of vector j; null where nobody wants them.
  T* block(int64_t j, int64_t channels) { return size_ == 0 ? nullptr : block_.data() + j * channels; }

  void settle() {
    for (int64_t i = 0; i < size_; ++i) {
      total_[i] += static_cast<double>(block_[i]);
      block_[i] = 0;
    }
  }

  const std::vector<double>& total() const { return total_; }

 private:
  int64_t size_;
  std::vector<T> block_;
  std::vector<double> total_;
};

// One row: its tensors, statistics and normalised values.
template <class T>
class Row {
 public:
  explicit Row(const Arguments& a, ParameterSums<T>& weight_sums, ParameterSums<T>& bias_sums)
      : a_(a), weight_sums_(weight_sums), bias_sums_(bias_sums), h_(a.channels), g_(a.channels) {}

  void move_to(int64_t index) {
    index_ = index;
    const double* statistics = a_.statistics + 2 * index;
    mean_ = static_cast<T>(statistics[0]);
    s = static_cast<T>(statistics[1]);
    const T* in = shared(a_.x);
#pragma omp simd
    for (int64_t c = 0; c < a_.channels; ++c) h_[c] = (in[c] - mean_) * s;
  }

  void find_statistics(int64_t index) {
    index_ = index;
    const T* in = shared(a_.x);
    const T mean = mean_of<T>(a_.channels, [&](int64_t c) { return in[c]; });
    const T variance = mean_of<T>(a_.channels, [&](int64_t c) { return (in[c] - mean) * (in[c] - mean); });
    a_.statistics[2 * index] = mean;
    a_.statistics[2 * index + 1] = 1 / std::sqrt(static_cast<double>(variance) + a_.epsilon);
  }

  const T* shared(const void* tensor) const { return at<T>(tensor, index_ * a_.channels); }
  const T* of_vector(const void* tensor, int64_t j) const {
    return at<T>(tensor, (j * a_.matrices + index_) * a_.channels);
  }
  T* out(int64_t j) const { return const_cast<T*>(of_vector(a_.out, j)); }
  const T* parameter(const void* parameter, int64_t j) const { return at<T>(parameter, j * a_.parameter_stride); }
  const T* h() const { return h_.data(); }

  // g = weight * cotangent
  const T* pull(const T* cotangent) {
    const T* weight = static_cast<const T*>(a_.weight);
#pragma omp simd
    for (int64_t c = 0; c < a_.channels; ++c) g_[c] = weight[c] * cotangent[c];
    return g_.data();
  }

  T* weight_sums(int64_t j) { return weight_sums_.block(j, a_.channels); }
  T* bias_sums(int64_t j) { return bias_sums_.block(j, a_.channels); }

  template <class Formula>
  void write(int64_t j, bool accumulate, const Formula& formula) const {
    T* to = out(j);
    if (accumulate) {
#pragma omp simd
      for (int64_t c = 0; c < a_.channels; ++c) to[c] += formula(c);
    } else {
#pragma omp simd
      for (int64_t c = 0; c < a_.channels; ++c) to[c] = formula(c);
    }
  }

  T s = 0;

 private:
  const Arguments& a_;
  ParameterSums<T>& weight_sums_;
  ParameterSums<T>& bias_sums_;
  int64_t index_ = 0;
  T mean_ = 0;
  std::vector<T> h_, g_;
};

template <class T>
void add_parts(const Arguments& a, const std::vector<ParameterSums<T>>& parts, void* cotangent) {
  if (cotangent == nullptr) return;
  for (int64_t j = 0; j < a.vectors; ++j)
    for (int64_t c = 0; c < a.channels; ++c) {
      double sum = 0;
      for (const ParameterSums<T>& part : parts) sum += part.total()[j * a.channels + c];
      static_cast<T*>(cotangent)[j * a.parameter_stride + c] += static_cast<T>(sum);
    }
}

// Calls body(row, index) for every row; parameters' cotangents are summed by parts.
template <class T, class Body>
void over_rows(const Arguments& a, Body body) {
  const int64_t parts = std::min(a.matrices, kParts);
  std::vector<ParameterSums<T>> weights, biases;
  for (int64_t p = 0; p < parts; ++p) {
    weights.emplace_back(a, a.weight_cotangent != nullptr);
    biases.emplace_back(a, a.bias_cotangent != nullptr);
  }
  ParallelExceptions exceptions;
#pragma omp parallel for if (parts > 1 && a.vectors * a.matrices * a.channels > kParallelElements)
  for (int64_t p = 0; p < parts; ++p)
    exceptions.guard([&] {
      Row<T> row(a, weights[p], biases[p]);
      const int64_t begin = p * a.matrices / parts, end = (p + 1) * a.matrices / parts;
      for (int64_t i = begin; i < end; ++i) {
        body(row, i);
        if ((i - begin) % kBlockRows == kBlockRows - 1 || i + 1 == end) {
          weights[p].settle();
          biases[p].settle();
        }
      }
    });
  exceptions.rethrow();
  add_parts(a, weights, a.weight_cotangent);
  add_parts(a, biases, a.bias_cotangent);
}

}  // namespace

template <class T>
void row_normalization_forward(const Arguments& a) {
  over_rows<T>(a, [&](Row<T>& row, int64_t i) {
    row.find_statistics(i);
    row.move_to(i);
    const T *weight = static_cast<const T*>(a.weight), *bias = static_cast<const T*>(a.bias), *h = row.h();
    row.write(0, false, [=](int64_t c) { return weight[c] * h[c] + bias[c]; });
  });
}

template <class T>
void row_normalization_tangent(const Arguments& a) {
  over_rows<T>(a, [&](Row<T>& row, int64_t i) {
    row.move_to(i);
    const T *weight = static_cast<const T*>(a.weight), *h = row.h();
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T *dx = row.of_vector(a.input_tangent, j), *dw = row.parameter(a.weight_tangent, j),
              *db = row.parameter(a.bias_tangent, j);
      if (dx == nullptr) {
        row.write(j, false, [=](int64_t c) { return (dw ? dw[c] : T(0)) * h[c] + (db ? db[c] : T(0)); });
        continue;
      }
      const T mean = mean_of<T>(a.channels, [=](int64_t c) { return dx[c]; });
      const T b = mean_of<T>(a.channels, [=](int64_t c) { return h[c] * dx[c]; }), s = row.s;
      if (dw && db)
        row.write(j, false,
                  [=](int64_t c) { return weight[c] * s * (dx[c] - mean - b * h[c]) + dw[c] * h[c] + db[c]; });
      else
        row.write(j, false, [=](int64_t c) {
          return weight[c] * s * (dx[c] - mean - b * h[c]) + (dw ? dw[c] : T(0)) * h[c] + (db ? db[c] : T(0));
        });
    }
  });
}

template <class T>
void row_normalization_backward(const Arguments& a) {
  over_rows<T>(a, [&](Row<T>& row, int64_t i) {
    row.move_to(i);
    const T* h = row.h();
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T* dy = row.of_vector(a.output_cotangent, j);
      if (T* sums = row.weight_sums(j)) {
#pragma omp simd
        for (int64_t c = 0; c < a.channels; ++c) sums[c] += dy[c] * h[c];
      }
      if (T* sums = row.bias_sums(j)) {
#pragma omp simd
        for (int64_t c = 0; c < a.channels; ++c) sums[c] += dy[c];
      }
      if (a.out == nullptr) continue;
      const T* g = row.pull(dy);
      const T mean = mean_of<T>(a.channels, [=](int64_t c) { return g[c]; });
      const T q = mean_of<T>(a.channels, [=](int64_t c) { return h[c] * g[c]; }), s = row.s;
      row.write(j, a.accumulate != 0, [=](int64_t c) { return s * (g[c] - mean - q * h[c]); });
    }
  });
}

// With a = <x'>, b = <h x'>, q = <h g>, r = <h' g> and g' = weight cotangent' + weight' cotangent:
//   x^' = s g' - s^2 b g - s^2 q x' - s (<h g'> + r - 2 s q b) h + s (s q a + s b <g> - <g'>)
template <class T>
void row_normalization_tangent_backward(const Arguments& a) {
  over_rows<T>(a, [&](Row<T>& row, int64_t i) {
    row.move_to(i);
    const T *weight = static_cast<const T*>(a.weight), *h = row.h(), *dy = row.shared(a.cotangent), *g = row.pull(dy);
    const T s = row.s, mean_g = mean_of<T>(a.channels, [=](int64_t c) { return g[c]; });
    const T q = mean_of<T>(a.channels, [=](int64_t c) { return h[c] * g[c]; });
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T *dx = row.of_vector(a.input_tangent, j), *moved = row.of_vector(a.output_cotangent, j),
              *dw = row.parameter(a.weight_tangent, j);
      const T mean = mean_of<T>(a.channels, [=](int64_t c) { return dx[c]; });
      const T b = mean_of<T>(a.channels, [=](int64_t c) { return h[c] * dx[c]; });
      if (T* sums = row.weight_sums(j)) {
#pragma omp simd
        for (int64_t c = 0; c < a.channels; ++c) sums[c] += moved[c] * h[c] + dy[c] * (s * (dx[c] - mean - b * h[c]));
      }
      if (T* sums = row.bias_sums(j)) {
#pragma omp simd
        for (int64_t c = 0; c < a.channels; ++c) sums[c] += moved[c];
      }
      if (a.out == nullptr) continue;
      const auto moved_g = [=](int64_t c) { return weight[c] * moved[c] + (dw ? dw[c] * dy[c] : T(0)); };
      const T mean_moved = mean_of<T>(a.channels, moved_g);
      const T h_moved = mean_of<T>(a.channels, [=](int64_t c) { return h[c] * moved_g(c); });
      const T r = s * (mean_of<T>(a.channels, [=](int64_t c) { return dx[c] * g[c]; }) - mean * mean_g - b * q);
      const T of_h = -s * (h_moved + r - 2 * s * q * b), constant = s * (s * q * mean + s * b * mean_g - mean_moved);
      row.write(j, a.accumulate != 0, [=](int64_t c) {
        return s * moved_g(c) - s * s * b * g[c] - s * s * q * dx[c] + of_h * h[c] + constant;
      });
    }
  });
}

// With <h' x'> = s (<x'^2> - a^2 - b^2) and k = weight' - s b weight:
//   y'' = 2 s k (x' - a - b h) - s weight <h' x'> h
template <class T>
void row_normalization_second_order(const Arguments& a) {
  over_rows<T>(a, [&](Row<T>& row, int64_t i) {
    row.move_to(i);
    const T *weight = static_cast<const T*>(a.weight), *h = row.h();
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T *dx = row.of_vector(a.input_tangent, j), *dw = row.parameter(a.weight_tangent, j);
      const T mean = mean_of<T>(a.channels, [=](int64_t c) { return dx[c]; });
      const T b = mean_of<T>(a.channels, [=](int64_t c) { return h[c] * dx[c]; });
      const T square = mean_of<T>(a.channels, [=](int64_t c) { return dx[c] * dx[c]; });
      const T s = row.s, spread = s * (square - mean * mean - b * b);
      row.write(j, false, [=](int64_t c) {
        const T k = (dw ? dw[c] : T(0)) - s * b * weight[c];
        return 2 * s * k * (dx[c] - mean - b * h[c]) - s * weight[c] * spread * h[c];
      });
    }
  });
}

#define OPSIG_ROW_NORMALIZATION(T)                                       \
  template void row_normalization_forward<T>(const Arguments&);          \
  template void row_normalization_tangent<T>(const Arguments&);          \
  template void row_normalization_backward<T>(const Arguments&);         \
  template void row_normalization_tangent_backward<T>(const Arguments&); \
  template void row_normalization_second_order<T>(const Arguments&);
OPSIG_ROW_NORMALIZATION(float)
OPSIG_ROW_NORMALIZATION(double)
#undef OPSIG_ROW_NORMALIZATION

}  // namespace opsig
