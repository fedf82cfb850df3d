// Bound by memory. Every pass over a matrix is two sweeps: sums per channel, then an output that is affine in the
// tensors read, with coefficients per channel. A sample's matrix stays in the second-level cache between the two, and
// while the K vectors pass.
//
// Threads share the matrices, or the rows where there is one matrix. How sums are cut depends on the shape alone, so
// that results do not depend on the number of threads.
#include "opsig/normalization.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "activation_pass.h"
#include "lanes.h"
#include "operation.h"
#include "parallel.h"
#include "row_normalization.h"

namespace {

using namespace opsig;
using Arguments = opsig_normalization_arguments;

// Rows that are summed in working precision before float64 takes over: the error of a sum does not grow with the image.
constexpr int64_t kBlockRows = 64;

// Parts that threads share.
constexpr int64_t kParts = 64;

// Channels side by side in a register, or a single one.
template <class V, class T>
V load_as(const T* from) {
  V value;
  std::memcpy(&value, from, sizeof(V));
  return value;
}

// totals[k, c] += sum over rows of term k, where terms(V{}, element, channel) gives the terms of as many channels as V
// has.
template <class V, class T, int Count, class Terms>
void add_columns(int64_t begin, int64_t end, int64_t channels, int64_t channel, const Terms& terms, double* totals) {
  std::array<V, Count> sums{};
  for (int64_t r = begin; r < end; ++r) {
    const std::array<V, Count> term = terms(V{}, r * channels + channel, channel);
    for (int k = 0; k < Count; ++k) sums[k] += term[k];
  }
  for (int k = 0; k < Count; ++k) {
    T lanes[sizeof(V) / sizeof(T)];
    std::memcpy(lanes, &sums[k], sizeof(V));
    for (size_t l = 0; l < sizeof(V) / sizeof(T); ++l) totals[k * channels + channel + l] += lanes[l];
  }
}

template <class T, int Count, class Terms>
void add_rows(int64_t begin, int64_t end, int64_t channels, const Terms& terms, double* totals) {
  constexpr int64_t kLanes = kRegisterLanes<T>;
  for (int64_t first = begin; first < end; first += kBlockRows) {
    const int64_t last = std::min(end, first + kBlockRows);
    int64_t c = 0;
    for (; c + kLanes <= channels; c += kLanes)
      add_columns<Lanes<T>, T, Count>(first, last, channels, c, terms, totals);
    for (; c < channels; ++c) add_columns<T, T, Count>(first, last, channels, c, terms, totals);
  }
}

// One matrix: where its tensors lie, its statistics spread over the channels, and room for sums and coefficients.
template <class T>
class Matrix {
 public:
  explicit Matrix(const Arguments& a)
      : a_(a),
        mean_(a.channels),
        scale_(a.channels),
        s_(a.channels),
        means_(kMeans * a.channels),
        coefficients_(kCoefficients * a.channels) {}

  void move_to(int64_t index) { index_ = index; }

  const T* x() const { return shared(a_.x); }
  const T* cotangent() const { return shared(a_.cotangent); }
  const T* tangent(int64_t j) const { return of_vector(a_.input_tangent, j); }
  const T* output_cotangent(int64_t j) const { return of_vector(a_.output_cotangent, j); }
  T* out(int64_t j) const { return const_cast<T*>(of_vector(a_.out, j)); }
  const T* weight() const { return static_cast<const T*>(a_.weight); }
  double weight_tangent(int64_t j, int64_t c) const { return parameter(a_.weight_tangent, j, c); }
  double bias_tangent(int64_t j, int64_t c) const { return parameter(a_.bias_tangent, j, c); }

  double s(int64_t c) const { return s_[c]; }

  // h of the channels from c on.
  template <class V>
  V h(int64_t i, int64_t c) const {
    return (load_as<V>(x() + i) - load_as<V>(mean_.data() + c)) * load_as<V>(scale_.data() + c);
  }

  // Statistics of this matrix from their place in the cache.
  void read_statistics() {
    const double* statistics = a_.statistics + index_ * a_.groups * 2;
    for_groups([&](int64_t g, int64_t begin, int64_t end) {
      const double mean = statistics[g * 2], scale = statistics[g * 2 + 1];
      std::fill(mean_.begin() + begin, mean_.begin() + end, static_cast<T>(mean));
      std::fill(s_.begin() + begin, s_.begin() + end, scale);
      std::fill(scale_.begin() + begin, scale_.begin() + end, static_cast<T>(scale));
    });
  }

  void find_statistics() {
    double* statistics = a_.statistics + index_ * a_.groups * 2;
    std::vector<double> sums(a_.channels);
    const T* in = x();
    this->sums<1>(
        [&](auto zero, int64_t i, int64_t) {
          using V = decltype(zero);
          return std::array<V, 1>{load_as<V>(in + i)};
        },
        sums.data());
    for_groups([&](int64_t g, int64_t begin, int64_t end) {
      double total = 0;
#pragma omp simd reduction(+ : total)
      for (int64_t c = begin; c < end; ++c) total += sums[c];
      statistics[g * 2] = total / size();
      std::fill(mean_.begin() + begin, mean_.begin() + end, static_cast<T>(statistics[g * 2]));
    });
    const T* mean = mean_.data();
    this->sums<1>(
        [&](auto zero, int64_t i, int64_t c) {
          using V = decltype(zero);
          const V centred = load_as<V>(in + i) - load_as<V>(mean + c);
          return std::array<V, 1>{centred * centred};
        },
        sums.data());
    for_groups([&](int64_t g, int64_t begin, int64_t end) {
      double total = 0;
#pragma omp simd reduction(+ : total)
      for (int64_t c = begin; c < end; ++c) total += sums[c];
      statistics[g * 2 + 1] = 1 / std::sqrt(total / size() + a_.epsilon);
    });
  }

  // totals[k, c] = sum over rows of term k.
  template <int Count, class Terms>
  void sums(const Terms& terms, double* totals) const {
    std::fill(totals, totals + Count * a_.channels, 0.0);
    const int64_t parts = row_parts();
    if (parts == 1) {
      add_rows<T, Count>(0, a_.rows, a_.channels, terms, totals);
      return;
    }
    std::vector<double> partial(static_cast<size_t>(parts * Count * a_.channels));
#pragma omp parallel for if (a_.rows * a_.channels > kParallelElements)
    for (int64_t p = 0; p < parts; ++p)
      add_rows<T, Count>(p * a_.rows / parts, (p + 1) * a_.rows / parts, a_.channels, terms,
                         partial.data() + p * Count * a_.channels);
    for (int64_t p = 0; p < parts; ++p)
      for (int64_t i = 0; i < Count * a_.channels; ++i) totals[i] += partial[p * Count * a_.channels + i];
  }

  // Means over each group of a quantity whose sums per channel are value(c), as one number per channel: slot k. A
  // derivative has none where the statistics are fixed.
  template <class Value>
  const double* means(int k, const Value& value) {
    double* to = means_.data() + k * a_.channels;
    for_groups([&](int64_t, int64_t begin, int64_t end) {
      double total = 0;
      if (!a_.fixed_statistics) {
#pragma omp simd reduction(+ : total)
        for (int64_t c = begin; c < end; ++c) total += value(c);
      }
      std::fill(to + begin, to + end, total / size());
    });
    return to;
  }

  // Room for the coefficients of term k of an output.
  T* coefficients(int k) { return coefficients_.data() + k * a_.channels; }

  // out[i] = [accumulate] out[i] + formula(element, channel)
  template <class Formula>
  void write(T* out, bool accumulate, const Formula& formula) const {
    const auto rows = [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t row = r * a_.channels;
        if (accumulate) {
#pragma omp simd
          for (int64_t c = 0; c < a_.channels; ++c) out[row + c] += formula(row + c, c);
        } else {
#pragma omp simd
          for (int64_t c = 0; c < a_.channels; ++c) out[row + c] = formula(row + c, c);
        }
      }
    };
    // Even a region of one thread costs as much as a row of a layer norm.
    const int64_t parts = row_parts();
    if (parts == 1) {
      rows(0, a_.rows);
      return;
    }
#pragma omp parallel for if (a_.rows * a_.channels > kParallelElements)
    for (int64_t p = 0; p < parts; ++p) rows(p * a_.rows / parts, (p + 1) * a_.rows / parts);
  }

 private:
  static constexpr int kMeans = 7;
  static constexpr int kCoefficients = 5;

  // Elements of a group.
  double size() const { return static_cast<double>(a_.rows * (a_.channels / a_.groups)); }

  int64_t row_parts() const {
    return a_.matrices > 1 ? 1 : std::clamp((a_.rows + kBlockRows - 1) / kBlockRows, int64_t{1}, kParts);
  }

  template <class Body>
  void for_groups(const Body& body) const {
    const int64_t width = a_.channels / a_.groups;
    for (int64_t g = 0; g < a_.groups; ++g) body(g, g * width, (g + 1) * width);
  }

  // A parameter without a tangent is constant.
  double parameter(const void* tangent, int64_t j, int64_t c) const {
    return tangent == nullptr ? 0 : static_cast<const T*>(tangent)[j * a_.parameter_stride + c];
  }

  const T* shared(const void* tensor) const { return static_cast<const T*>(tensor) + index_ * a_.rows * a_.channels; }
  const T* of_vector(const void* tensor, int64_t j) const {
    return shared(tensor) + j * a_.matrices * a_.rows * a_.channels;
  }

  const Arguments& a_;
  int64_t index_ = 0;
  std::vector<T> mean_, scale_;
  std::vector<double> s_, means_;
  std::vector<T> coefficients_;
};

// Calls body(matrix, parameter cotangents [K, 2, C] of its part: weight, bias) for every matrix, then adds these up.
template <class T, class Body>
void over_matrices(const Arguments& a, Body body) {
  const int64_t parts = std::min(a.matrices, kParts);
  const bool wanted = a.weight_cotangent != nullptr || a.bias_cotangent != nullptr;
  const int64_t size = wanted ? a.vectors * 2 * a.channels : 0;
  std::vector<double> cotangents(static_cast<size_t>(parts * size));
#pragma omp parallel for if (parts > 1 && a.vectors * a.matrices * a.rows * a.channels > kParallelElements)
  for (int64_t p = 0; p < parts; ++p) {
    Matrix<T> matrix(a);
    for (int64_t m = p * a.matrices / parts; m < (p + 1) * a.matrices / parts; ++m) {
      matrix.move_to(m);
      body(matrix, size == 0 ? nullptr : cotangents.data() + p * size);
    }
  }
  if (size == 0) return;
  for (int64_t j = 0; j < a.vectors; ++j) {
    T* weight = a.weight_cotangent ? static_cast<T*>(a.weight_cotangent) + j * a.parameter_stride : nullptr;
    T* bias = a.bias_cotangent ? static_cast<T*>(a.bias_cotangent) + j * a.parameter_stride : nullptr;
    for (int64_t c = 0; c < a.channels; ++c) {
      double to_weight = 0, to_bias = 0;
      for (int64_t p = 0; p < parts; ++p) {
        to_weight += cotangents[p * size + (2 * j) * a.channels + c];
        to_bias += cotangents[p * size + (2 * j + 1) * a.channels + c];
      }
      if (weight) weight[c] += static_cast<T>(to_weight);
      if (bias) bias[c] += static_cast<T>(to_bias);
    }
  }
}

void add(double* to, const double* from, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

template <class T>
void forward(const Arguments& a) {
  over_matrices<T>(a, [&](Matrix<T>& matrix, double*) {
    if (!a.fixed_statistics) matrix.find_statistics();
    matrix.read_statistics();
    const T *weight = matrix.weight(), *bias = static_cast<const T*>(a.bias);
    matrix.write(matrix.out(0), false,
                 [&](int64_t i, int64_t c) { return weight[c] * matrix.template h<T>(i, c) + bias[c]; });
  });
}

// Sums per channel of a tensor and of its product with h.
template <class T>
void sums_with_h(const Matrix<T>& matrix, const T* tensor, double* totals) {
  matrix.template sums<2>(
      [&](auto zero, int64_t i, int64_t c) {
        using V = decltype(zero);
        const V value = load_as<V>(tensor + i);
        return std::array<V, 2>{value, value * matrix.template h<V>(i, c)};
      },
      totals);
}

template <class T>
void tangent(const Arguments& a) {
  const int64_t channels = a.channels;
  over_matrices<T>(a, [&](Matrix<T>& matrix, double*) {
    matrix.read_statistics();
    std::vector<double> sums(2 * channels);
    T *of_tangent = matrix.coefficients(0), *of_h = matrix.coefficients(1), *constant = matrix.coefficients(2);
    for (int64_t j = 0; j < a.vectors; ++j) {
      T* out = matrix.out(j);
      if (a.input_tangent == nullptr) {
        for (int64_t c = 0; c < channels; ++c) {
          of_h[c] = static_cast<T>(matrix.weight_tangent(j, c));
          constant[c] = static_cast<T>(matrix.bias_tangent(j, c));
        }
        matrix.write(out, false,
                     [&](int64_t i, int64_t c) { return of_h[c] * matrix.template h<T>(i, c) + constant[c]; });
        continue;
      }
      const T* dx = matrix.tangent(j);
      sums_with_h(matrix, dx, sums.data());
      const double* mean_dx = matrix.means(0, [&](int64_t c) { return sums[c]; });
      const double* b = matrix.means(1, [&](int64_t c) { return sums[channels + c]; });
      for (int64_t c = 0; c < channels; ++c) {
        const double slope = matrix.weight()[c] * matrix.s(c);
        of_tangent[c] = static_cast<T>(slope);
        of_h[c] = static_cast<T>(matrix.weight_tangent(j, c) - slope * b[c]);
        constant[c] = static_cast<T>(matrix.bias_tangent(j, c) - slope * mean_dx[c]);
      }
      matrix.write(out, false, [&](int64_t i, int64_t c) {
        return of_tangent[c] * dx[i] + of_h[c] * matrix.template h<T>(i, c) + constant[c];
      });
    }
  });
}

template <class T>
void backward(const Arguments& a) {
  const int64_t channels = a.channels;
  over_matrices<T>(a, [&](Matrix<T>& matrix, double* parameters) {
    matrix.read_statistics();
    std::vector<double> sums(2 * channels);
    T *of_cotangent = matrix.coefficients(0), *of_h = matrix.coefficients(1), *constant = matrix.coefficients(2);
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T* dy = matrix.output_cotangent(j);
      sums_with_h(matrix, dy, sums.data());
      if (parameters != nullptr) {
        add(parameters + 2 * j * channels, sums.data() + channels, channels);
        add(parameters + (2 * j + 1) * channels, sums.data(), channels);
      }
      if (a.out == nullptr) continue;
      const T* weight = matrix.weight();
      const double* mean_g = matrix.means(0, [&](int64_t c) { return weight[c] * sums[c]; });
      const double* mean_hg = matrix.means(1, [&](int64_t c) { return weight[c] * sums[channels + c]; });
      for (int64_t c = 0; c < channels; ++c) {
        of_cotangent[c] = static_cast<T>(matrix.s(c) * weight[c]);
        of_h[c] = static_cast<T>(-matrix.s(c) * mean_hg[c]);
        constant[c] = static_cast<T>(-matrix.s(c) * mean_g[c]);
      }
      matrix.write(matrix.out(j), a.accumulate != 0, [&](int64_t i, int64_t c) {
        return of_cotangent[c] * dy[i] + of_h[c] * matrix.template h<T>(i, c) + constant[c];
      });
    }
  });
}

// Collects the coefficients of each tensor in the formula of x^'. With q = <h g>, r = <h' g> and h' = s (x' - a - b h):
//   x^' = s weight cotangent' + s (weight' - s b weight) cotangent - s^2 q x'
//         - s (<h g'> + r - 2 s q b) h + s (s q a + s b <g> - <g'>)
template <class T>
void tangent_backward(const Arguments& a) {
  const int64_t channels = a.channels;
  over_matrices<T>(a, [&](Matrix<T>& matrix, double* parameters) {
    matrix.read_statistics();
    const T *weight = matrix.weight(), *dy = matrix.cotangent();
    std::vector<double> of_primal(2 * channels), sums(5 * channels), mixed(channels);
    sums_with_h(matrix, dy, of_primal.data());
    const double *sum_dy = of_primal.data(), *sum_hdy = sum_dy + channels;
    const double* mean_g = matrix.means(0, [&](int64_t c) { return weight[c] * sum_dy[c]; });
    const double* q = matrix.means(1, [&](int64_t c) { return weight[c] * sum_hdy[c]; });
    T *of_moved = matrix.coefficients(0), *of_cotangent = matrix.coefficients(1), *of_tangent = matrix.coefficients(2),
      *of_h = matrix.coefficients(3), *constant = matrix.coefficients(4);
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T *dx = matrix.tangent(j), *moved = matrix.output_cotangent(j);
      matrix.template sums<5>(
          [&](auto zero, int64_t i, int64_t c) {
            using V = decltype(zero);
            const V h = matrix.template h<V>(i, c), tangent = load_as<V>(dx + i), m = load_as<V>(moved + i);
            return std::array<V, 5>{tangent, tangent * h, tangent * load_as<V>(dy + i), m, m * h};
          },
          sums.data());
      const double *sum_dx = sums.data(), *sum_hdx = sum_dx + channels, *sum_dxdy = sum_hdx + channels,
                   *sum_moved = sum_dxdy + channels, *sum_hmoved = sum_moved + channels;
      const double* mean_dx = matrix.means(2, [&](int64_t c) { return sum_dx[c]; });
      const double* b = matrix.means(3, [&](int64_t c) { return sum_hdx[c]; });

      // Per channel, the sum of cotangent h'.
      for (int64_t c = 0; c < channels; ++c)
        mixed[c] = matrix.s(c) * (sum_dxdy[c] - mean_dx[c] * sum_dy[c] - b[c] * sum_hdy[c]);
      if (parameters != nullptr) {
        add(parameters + 2 * j * channels, sum_hmoved, channels);
        add(parameters + 2 * j * channels, mixed.data(), channels);
        add(parameters + (2 * j + 1) * channels, sum_moved, channels);
      }
      if (a.out == nullptr) continue;
      const double* mean_moved_g = matrix.means(
          4, [&](int64_t c) { return weight[c] * sum_moved[c] + matrix.weight_tangent(j, c) * sum_dy[c]; });
      const double* mean_hmoved_g = matrix.means(
          5, [&](int64_t c) { return weight[c] * sum_hmoved[c] + matrix.weight_tangent(j, c) * sum_hdy[c]; });
      const double* r = matrix.means(6, [&](int64_t c) { return weight[c] * mixed[c]; });
      for (int64_t c = 0; c < channels; ++c) {
        const double s = matrix.s(c);
        of_moved[c] = static_cast<T>(s * weight[c]);
        of_cotangent[c] = static_cast<T>(s * (matrix.weight_tangent(j, c) - s * b[c] * weight[c]));
        of_tangent[c] = static_cast<T>(-s * s * q[c]);
        of_h[c] = static_cast<T>(-s * (mean_hmoved_g[c] + r[c] - 2 * s * q[c] * b[c]));
        constant[c] = static_cast<T>(s * (s * q[c] * mean_dx[c] + s * b[c] * mean_g[c] - mean_moved_g[c]));
      }
      matrix.write(matrix.out(j), a.accumulate != 0, [&](int64_t i, int64_t c) {
        return of_moved[c] * moved[i] + of_cotangent[c] * dy[i] + of_tangent[c] * dx[i] +
               of_h[c] * matrix.template h<T>(i, c) + constant[c];
      });
    }
  });
}

// With <h' x'> = s (<x'^2> - a^2 - b^2) and k = weight' - s b weight:
//   y'' = 2 s k x' - s (weight <h' x'> + 2 b k) h - 2 s a k
template <class T>
void second_order(const Arguments& a) {
  const int64_t channels = a.channels;
  over_matrices<T>(a, [&](Matrix<T>& matrix, double*) {
    matrix.read_statistics();
    std::vector<double> sums(3 * channels);
    T *of_tangent = matrix.coefficients(0), *of_h = matrix.coefficients(1), *constant = matrix.coefficients(2);
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T* dx = matrix.tangent(j);
      matrix.template sums<3>(
          [&](auto zero, int64_t i, int64_t c) {
            using V = decltype(zero);
            const V tangent = load_as<V>(dx + i);
            return std::array<V, 3>{tangent, tangent * matrix.template h<V>(i, c), tangent * tangent};
          },
          sums.data());
      const double* mean_dx = matrix.means(0, [&](int64_t c) { return sums[c]; });
      const double* b = matrix.means(1, [&](int64_t c) { return sums[channels + c]; });
      const double* square = matrix.means(2, [&](int64_t c) { return sums[2 * channels + c]; });
      for (int64_t c = 0; c < channels; ++c) {
        const double s = matrix.s(c), weight = matrix.weight()[c], k = matrix.weight_tangent(j, c) - s * b[c] * weight;
        const double spread = s * (square[c] - mean_dx[c] * mean_dx[c] - b[c] * b[c]);
        of_tangent[c] = static_cast<T>(2 * s * k);
        of_h[c] = static_cast<T>(-s * (weight * spread + 2 * b[c] * k));
        constant[c] = static_cast<T>(-2 * s * mean_dx[c] * k);
      }
      matrix.write(matrix.out(j), false, [&](int64_t i, int64_t c) {
        return of_tangent[c] * dx[i] + of_h[c] * matrix.template h<T>(i, c) + constant[c];
      });
    }
  });
}

void check(const Arguments& a) {
  require(a.matrices >= 1 && a.rows >= 1 && a.channels >= 1 && a.vectors >= 1, "extents must be positive");
  require(a.groups >= 1 && a.channels % a.groups == 0, "the groups do not divide the channels");
}

}  // namespace

OPSIG_OPERATION(normalization_forward, opsig_normalization_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) {
    using T = decltype(zero);
    normalizes_rows(arguments) ? row_normalization_forward<T>(arguments) : forward<T>(arguments);
  });
  go_on(arguments.then, false);
}

OPSIG_OPERATION(normalization_tangent, opsig_normalization_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) {
    using T = decltype(zero);
    normalizes_rows(arguments) ? row_normalization_tangent<T>(arguments) : tangent<T>(arguments);
  });
  go_on(arguments.then, false);
}

OPSIG_OPERATION(normalization_backward, opsig_normalization_arguments) {
  check(arguments);
  with_precision(arguments.precision, [&](auto zero) {
    using T = decltype(zero);
    normalizes_rows(arguments) ? row_normalization_backward<T>(arguments) : backward<T>(arguments);
  });
}

// Where the input has no tangent the weight's cotangent is linear in its own tangent, and nobody wants the input's.
OPSIG_OPERATION(normalization_tangent_backward, opsig_normalization_arguments) {
  check(arguments);
  require(arguments.input_tangent != nullptr || arguments.out == nullptr, "an input without tangent has no cotangent");
  with_precision(arguments.precision, [&](auto zero) {
    using T = decltype(zero);
    if (arguments.input_tangent == nullptr)
      normalizes_rows(arguments) ? row_normalization_backward<T>(arguments) : backward<T>(arguments);
    else
      normalizes_rows(arguments) ? row_normalization_tangent_backward<T>(arguments) : tangent_backward<T>(arguments);
  });
}

OPSIG_OPERATION(normalization_second_order, opsig_normalization_arguments) {
  check(arguments);
  require(arguments.input_tangent != nullptr, "the input's tangent is missing");
  with_precision(arguments.precision, [&](auto zero) {
    using T = decltype(zero);
    normalizes_rows(arguments) ? row_normalization_second_order<T>(arguments) : second_order<T>(arguments);
  });
}
