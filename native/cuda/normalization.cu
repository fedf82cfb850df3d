// Bound by memory. Every pass is two sweeps, as on the CPU: sums per channel, then an output that is affine in the
// tensors read, with coefficients per channel; the formulas are those of opsig/normalization.h. Rows that are
// normalised as a whole have kernels of their own, in row_normalization.cu.
//   sums           sums of up to five terms per channel over parts of the rows, in float64 or as good
//   totals         the parts added up in their order
//   coefficients   means over groups, from them the affine map of every channel
//   apply          the output, and the activation that follows
//   parameters     cotangents of weight and bias, summed over the matrices
#include "followed_element.cuh"
#include "opsig/normalization.h"
#include "term_sum.cuh"

namespace {

using namespace opsig;
using Arguments = opsig_normalization_arguments;

constexpr int kChannels = 32;
constexpr int kRowsAtOnce = 8;
constexpr int kCoefficients = 5;

// Rows of a part. Fixed, so that the sums depend on the shape alone.
constexpr int64_t kPartRows = 1024;

template <class T>
OPSIG_DEVICE const T* tensor(const void* data, const Arguments& a, int64_t vector, int64_t matrix) {
  return static_cast<const T*>(data) + (vector * a.matrices + matrix) * a.rows * a.channels;
}

// A thread's part of a block's 32 channels and 1024 rows: a channel, and every eighth row. blockIdx is (vector and matrix and
// tile of channels, part of the rows).
struct Patch {
  int64_t item, vector, matrix, channel;

  OPSIG_DEVICE explicit Patch(const Arguments& a) {
    const int64_t tiles = (a.channels + kChannels - 1) / kChannels;
    item = blockIdx.x / tiles;
    channel = blockIdx.x % tiles * kChannels + x();
    vector = item / a.matrices;
    matrix = item % a.matrices;
  }
  OPSIG_DEVICE static int x() { return static_cast<int>(threadIdx.x) % kChannels; }
  OPSIG_DEVICE static int y() { return static_cast<int>(threadIdx.x) / kChannels; }

  // Calls body(i) for the elements of the matrix.
  template <class Body>
  OPSIG_DEVICE void over_elements(const Arguments& a, const Body& body) const {
    if (channel >= a.channels) return;
    const int64_t part = blockIdx.y;
    for (int64_t r = part * kPartRows + y(); r < min(a.rows, (part + 1) * kPartRows); r += kRowsAtOnce)
      body(r * a.channels + channel);
  }
};

// Mean and scale of a channel, in working precision.
template <class T>
struct Statistics {
  T mean, scale;
  OPSIG_DEVICE Statistics(const Arguments& a, int64_t matrix, int64_t channel) {
    const double* of_group = a.statistics + (matrix * a.groups + channel / (a.channels / a.groups)) * 2;
    mean = static_cast<T>(of_group[0]);
    scale = static_cast<T>(of_group[1]);
  }
  OPSIG_DEVICE T h(T x) const { return (x - mean) * scale; }
};

// The terms that are summed for each purpose.
enum class Sums { kMean, kSquare, kPair, kSecondOrder, kTangentBackward };

OPSIG_DEVICE constexpr int terms_of(Sums sums) {
  return sums == Sums::kPair ? 2 : sums == Sums::kSecondOrder ? 3 : sums == Sums::kTangentBackward ? 5 : 1;
}

struct SumStorage {
  double at[kRowsAtOnce][kChannels];
};

// partial [vector, matrix, part, term, channel]. `first` is the tensor that the terms are about; tangent-backward also
// reads `cotangent` and `input_tangent`.
template <class T, Sums kSums>
OPSIG_DEVICE void sums(const Arguments& a, const void* first, double* partial) {
  OPSIG_SHARED(SumStorage, storage);
  constexpr int kTerms = terms_of(kSums);
  const Patch patch(a);
  const int64_t matrix = patch.matrix, channel = patch.channel;
  const T *in = tensor<T>(a.x, a, 0, matrix), *of = tensor<T>(first, a, patch.vector, matrix);
  const T* dx = kSums == Sums::kTangentBackward ? tensor<T>(a.input_tangent, a, patch.vector, matrix) : nullptr;
  const T* dy = kSums == Sums::kTangentBackward ? tensor<T>(a.cotangent, a, 0, matrix) : nullptr;
  TermSum<T> totals[kTerms];
  const Statistics<T> statistics(a, matrix, min(channel, a.channels - 1));
  patch.over_elements(a, [&](int64_t i) {
    const T value = of[i];
    if constexpr (kSums == Sums::kMean) {
      totals[0] += value;
    } else if constexpr (kSums == Sums::kSquare) {
      totals[0] += (value - statistics.mean) * (value - statistics.mean);
    } else {
      const T h = statistics.h(in[i]);
      if constexpr (kSums == Sums::kTangentBackward) {
        totals[0] += dx[i];
        totals[1] += dx[i] * h;
        totals[2] += dx[i] * dy[i];
        totals[3] += value;
        totals[4] += value * h;
      } else {
        totals[0] += value;
        totals[1] += value * h;
        if constexpr (kSums == Sums::kSecondOrder) totals[2] += value * value;
      }
    }
  });
  const int64_t parts = (a.rows + kPartRows - 1) / kPartRows;
#pragma unroll
  for (int t = 0; t < kTerms; ++t) {
    const double total = totals[t].total();
    storage.at[Patch::y()][Patch::x()] = total;
    __syncthreads();
    if (Patch::y() == 0 && channel < a.channels) {
      double sum = total;
      for (int i = 1; i < kRowsAtOnce; ++i) sum += storage.at[i][Patch::x()];
      partial[((patch.item * parts + blockIdx.y) * kTerms + t) * a.channels + channel] = sum;
    }
    __syncthreads();
  }
}

// Calls body(vector and matrix, group, first channel, lane) with a warp per group of every matrix and vector.
template <class Body>
OPSIG_DEVICE void over_groups(const Arguments& a, int64_t vectors, const Body& body) {
  const int64_t warps = static_cast<int64_t>(gridDim.x) * blockDim.x / kWarp;
  for (int64_t i = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / kWarp;
       i < vectors * a.matrices * a.groups; i += warps)
    body(i / a.groups, i % a.groups, i % a.groups * (a.channels / a.groups), static_cast<int>(threadIdx.x) % kWarp);
}

// The mean over a group of value(channel); zero where the statistics are fixed.
template <class Value>
OPSIG_DEVICE double group_mean(const Arguments& a, int64_t first, int lane, const Value& value) {
  const int64_t width = a.channels / a.groups;
  double total = 0;
  if (!a.fixed_statistics)
    for (int64_t c = first + lane; c < first + width; c += kWarp) total += value(c);
  return warp_sum(total) / static_cast<double>(a.rows * width);
}

template <class T>
struct Parameter {
  const T* values;
  OPSIG_DEVICE Parameter(const void* data, int64_t offset)
      : values(data == nullptr ? nullptr : static_cast<const T*>(data) + offset) {}
  OPSIG_DEVICE double operator[](int64_t c) const { return values == nullptr ? 0.0 : static_cast<double>(values[c]); }
};

// What the coefficients of one group are made of, and where they go: out = of_first first + of_cotangent cotangent
// + of_tangent tangent + of_h h + constant.
template <class T>
struct Group {
  double s;
  double* totals;
  Parameter<T> weight, weight_tangent, bias_tangent;
  T* to;
  int64_t channels;

  OPSIG_DEVICE Group(const Arguments& a, int64_t item, int64_t group, int terms, double* all_totals, T* coefficients)
      : s(a.statistics[(item % a.matrices * a.groups + group) * 2 + 1]),
        totals(all_totals + item * terms * a.channels),
        weight(a.weight, 0),
        weight_tangent(a.weight_tangent, item / a.matrices * a.parameter_stride),
        bias_tangent(a.bias_tangent, item / a.matrices * a.parameter_stride),
        to(coefficients + item * kCoefficients * a.channels),
        channels(a.channels) {}

  OPSIG_DEVICE double total(int term, int64_t c) const { return totals[term * channels + c]; }
  OPSIG_DEVICE void write(int64_t c, double first, double cotangent, double tangent, double h, double constant) const {
    to[c] = static_cast<T>(first);
    to[channels + c] = static_cast<T>(cotangent);
    to[2 * channels + c] = static_cast<T>(tangent);
    to[3 * channels + c] = static_cast<T>(h);
    to[4 * channels + c] = static_cast<T>(constant);
  }
};

template <class T>
OPSIG_DEVICE void normalization_tangent_coefficients(const Arguments& a, double* totals, T* coefficients) {
  over_groups(a, a.vectors, [&](int64_t item, int64_t group, int64_t first, int lane) {
    const Group<T> g(a, item, group, 2, totals, coefficients);
    const double mean = group_mean(a, first, lane, [&](int64_t c) { return g.total(0, c); });
    const double b = group_mean(a, first, lane, [&](int64_t c) { return g.total(1, c); });
    for (int64_t c = first + lane; c < first + a.channels / a.groups; c += kWarp) {
      const double slope = g.weight[c] * g.s;
      g.write(c, slope, 0, 0, g.weight_tangent[c] - slope * b, g.bias_tangent[c] - slope * mean);
    }
  });
}

template <class T>
OPSIG_DEVICE void normalization_backward_coefficients(const Arguments& a, double* totals, T* coefficients) {
  over_groups(a, a.vectors, [&](int64_t item, int64_t group, int64_t first, int lane) {
    const Group<T> g(a, item, group, 2, totals, coefficients);
    const double mean = group_mean(a, first, lane, [&](int64_t c) { return g.weight[c] * g.total(0, c); });
    const double mean_h = group_mean(a, first, lane, [&](int64_t c) { return g.weight[c] * g.total(1, c); });
    for (int64_t c = first + lane; c < first + a.channels / a.groups; c += kWarp)
      g.write(c, g.s * g.weight[c], 0, 0, -g.s * mean_h, -g.s * mean);
  });
}

// The collected form of native/cpu/normalization.cpp. `primal` holds the sums of cotangent and h cotangent, one pair
// per matrix. The total of h moved becomes the weight's cotangent of this matrix.
template <class T>
OPSIG_DEVICE void normalization_tangent_backward_coefficients(const Arguments& a, double* totals, const double* primal,
                                                              T* coefficients) {
  over_groups(a, a.vectors, [&](int64_t item, int64_t group, int64_t first, int lane) {
    const Group<T> g(a, item, group, 5, totals, coefficients);
    const double* sum_dy = primal + item % a.matrices * 2 * a.channels;
    const double* sum_hdy = sum_dy + a.channels;
    const double mean_g = group_mean(a, first, lane, [&](int64_t c) { return g.weight[c] * sum_dy[c]; });
    const double q = group_mean(a, first, lane, [&](int64_t c) { return g.weight[c] * sum_hdy[c]; });
    const double mean_dx = group_mean(a, first, lane, [&](int64_t c) { return g.total(0, c); });
    const double b = group_mean(a, first, lane, [&](int64_t c) { return g.total(1, c); });
    // Per channel, the sum of cotangent h'.
    const auto mixed = [&](int64_t c) { return g.s * (g.total(2, c) - mean_dx * sum_dy[c] - b * sum_hdy[c]); };
    const double mean_moved = group_mean(
        a, first, lane, [&](int64_t c) { return g.weight[c] * g.total(3, c) + g.weight_tangent[c] * sum_dy[c]; });
    const double mean_hmoved = group_mean(
        a, first, lane, [&](int64_t c) { return g.weight[c] * g.total(4, c) + g.weight_tangent[c] * sum_hdy[c]; });
    const double r = group_mean(a, first, lane, [&](int64_t c) { return g.weight[c] * mixed(c); });
    for (int64_t c = first + lane; c < first + a.channels / a.groups; c += kWarp) {
      const double s = g.s, weight = g.weight[c];
      g.write(c, s * weight, s * (g.weight_tangent[c] - s * b * weight), -s * s * q,
              -s * (mean_hmoved + r - 2 * s * q * b), s * (s * q * mean_dx + s * b * mean_g - mean_moved));
      g.totals[4 * a.channels + c] += mixed(c);
    }
  });
}

template <class T>
OPSIG_DEVICE void normalization_second_order_coefficients(const Arguments& a, double* totals, T* coefficients) {
  over_groups(a, a.vectors, [&](int64_t item, int64_t group, int64_t first, int lane) {
    const Group<T> g(a, item, group, 3, totals, coefficients);
    const double mean = group_mean(a, first, lane, [&](int64_t c) { return g.total(0, c); });
    const double b = group_mean(a, first, lane, [&](int64_t c) { return g.total(1, c); });
    const double square = group_mean(a, first, lane, [&](int64_t c) { return g.total(2, c); });
    const double spread = g.s * (square - mean * mean - b * b);
    for (int64_t c = first + lane; c < first + a.channels / a.groups; c += kWarp) {
      const double weight = g.weight[c], k = g.weight_tangent[c] - g.s * b * weight;
      g.write(c, 2 * g.s * k, 0, 0, -g.s * (weight * spread + 2 * b * k), -2 * g.s * mean * k);
    }
  });
}

// Writes output i of a patch's matrix.
template <class T>
OPSIG_DEVICE void write(const Arguments& a, const Patch& patch, int64_t i, T value) {
  const int64_t matrix_size = a.rows * a.channels, at = patch.item * matrix_size + i;
  T* out = static_cast<T*>(a.out);
  if (a.then.pass != OPSIG_NO_PASS)
    follow_element(a.then, out, patch.matrix * matrix_size + i, at, value);
  else
    out[at] = a.accumulate ? out[at] + value : value;
}

// out = weight h + bias: forward, with the parameters, and the tangent of an input that does not move, with theirs.
template <class T>
OPSIG_DEVICE void normalization_affine(const Arguments& a, const void* weights, const void* biases) {
  const Patch patch(a);
  const int64_t offset = patch.vector * a.parameter_stride, channel = min(patch.channel, a.channels - 1);
  const T* x = tensor<T>(a.x, a, 0, patch.matrix);
  const Statistics<T> statistics(a, patch.matrix, channel);
  const T weight = static_cast<T>(Parameter<T>(weights, offset)[channel]),
          bias = static_cast<T>(Parameter<T>(biases, offset)[channel]);
  patch.over_elements(a, [&](int64_t i) { write(a, patch, i, weight * statistics.h(x[i]) + bias); });
}

// The output from the coefficients [vector, matrix, 5, channel]; `tangent` and `cotangent` may be null.
template <class T>
OPSIG_DEVICE void normalization_apply(const Arguments& a, const T* first, const T* coefficients, int with_primal) {
  const Patch patch(a);
  const int64_t channel = min(patch.channel, a.channels - 1);
  const T *x = tensor<T>(a.x, a, 0, patch.matrix), *of = tensor<T>(first, a, patch.vector, patch.matrix);
  const T* cotangent = with_primal ? tensor<T>(a.cotangent, a, 0, patch.matrix) : nullptr;
  const T* tangent = with_primal ? tensor<T>(a.input_tangent, a, patch.vector, patch.matrix) : nullptr;
  const Statistics<T> statistics(a, patch.matrix, channel);
  T factors[kCoefficients];
#pragma unroll
  for (int k = 0; k < kCoefficients; ++k)
    factors[k] = coefficients[(patch.item * kCoefficients + k) * a.channels + channel];
  patch.over_elements(a, [&](int64_t i) {
    T value = factors[0] * of[i] + factors[3] * statistics.h(x[i]) + factors[4];
    if (with_primal) value += factors[1] * cotangent[i] + factors[2] * tangent[i];
    write(a, patch, i, value);
  });
}

// Adds the totals of `weight_term` and `bias_term` over the matrices (for row_normalization.cu: parts of the rows) to
// the parameters' cotangents; blockIdx is (tile of channels, vector).
template <class T>
OPSIG_DEVICE void normalization_parameters(const Arguments& a, const double* totals, int terms, int weight_term,
                                           int bias_term) {
  OPSIG_SHARED(SumStorage, storage);
  const int x = static_cast<int>(threadIdx.x) % kChannels, y = static_cast<int>(threadIdx.x) / kChannels;
  const int64_t channel = static_cast<int64_t>(blockIdx.x) * kChannels + x, vector = blockIdx.y;
  for (int parameter = 0; parameter < 2; ++parameter) {
    const int term = parameter == 0 ? weight_term : bias_term;
    T* cotangents = static_cast<T*>(parameter == 0 ? a.weight_cotangent : a.bias_cotangent);
    if (cotangents == nullptr) continue;
    double sum = 0;
    if (channel < a.channels)
      for (int64_t m = y; m < a.matrices; m += kRowsAtOnce)
        sum += totals[((vector * a.matrices + m) * terms + term) * a.channels + channel];
    storage.at[y][x] = sum;
    __syncthreads();
    if (y == 0 && channel < a.channels) {
      for (int i = 1; i < kRowsAtOnce; ++i) sum += storage.at[i][x];
      cotangents[vector * a.parameter_stride + channel] += static_cast<T>(sum);
    }
    __syncthreads();
  }
}

#define SUMS(NAME, KIND)                                                           \
  template <class T>                                                               \
  OPSIG_DEVICE void NAME(const Arguments& a, const void* first, double* partial) { \
    sums<T, KIND>(a, first, partial);                                              \
  }
SUMS(normalization_sums_mean, Sums::kMean)
SUMS(normalization_sums_square, Sums::kSquare)
SUMS(normalization_sums_pair, Sums::kPair)
SUMS(normalization_sums_second_order, Sums::kSecondOrder)
SUMS(normalization_sums_tangent_backward, Sums::kTangentBackward)

}  // namespace

#define SUMS_KERNELS(NAME) \
  OPSIG_KERNELS(NAME, 256, (opsig_normalization_arguments a, const void* first, double* partial), (a, first, partial))
SUMS_KERNELS(normalization_sums_mean)
SUMS_KERNELS(normalization_sums_square)
SUMS_KERNELS(normalization_sums_pair)
SUMS_KERNELS(normalization_sums_second_order)
SUMS_KERNELS(normalization_sums_tangent_backward)

// totals[item, i] = sum over parts of partial[item, part, i], with `size` numbers per item.
OPSIG_KERNEL(normalization_totals, 256, const double* partial, int64_t items, int64_t parts, int64_t size,
             double* totals) {
  over_elements(items * size, [&](int64_t i) {
    double sum = 0;
    for (int64_t part = 0; part < parts; ++part) sum += partial[(i / size * parts + part) * size + i % size];
    totals[i] = sum;
  });
}

// The mean of every group from its totals; then, from the totals of squares, s.
OPSIG_KERNEL(normalization_mean, 256, opsig_normalization_arguments a, const double* totals) {
  over_groups(a, 1, [&](int64_t item, int64_t group, int64_t first, int lane) {
    const double mean = group_mean(a, first, lane, [&](int64_t c) { return totals[item * a.channels + c]; });
    if (lane == 0) a.statistics[(item * a.groups + group) * 2] = mean;
  });
}

OPSIG_KERNEL(normalization_scale, 256, opsig_normalization_arguments a, const double* totals) {
  over_groups(a, 1, [&](int64_t item, int64_t group, int64_t first, int lane) {
    const double variance = group_mean(a, first, lane, [&](int64_t c) { return totals[item * a.channels + c]; });
    if (lane == 0) a.statistics[(item * a.groups + group) * 2 + 1] = 1 / sqrt(variance + a.epsilon);
  });
}

#define COEFFICIENT_KERNELS(NAME)                                                                  \
  OPSIG_KERNEL(NAME##_float32, 256, opsig_normalization_arguments a, double* totals, float* to) {  \
    NAME(a, totals, to);                                                                           \
  }                                                                                                \
  OPSIG_KERNEL(NAME##_float64, 256, opsig_normalization_arguments a, double* totals, double* to) { \
    NAME(a, totals, to);                                                                           \
  }
COEFFICIENT_KERNELS(normalization_tangent_coefficients)
COEFFICIENT_KERNELS(normalization_backward_coefficients)
COEFFICIENT_KERNELS(normalization_second_order_coefficients)
OPSIG_KERNEL(normalization_tangent_backward_coefficients_float32, 256, opsig_normalization_arguments a, double* totals,
             const double* primal, float* to) {
  normalization_tangent_backward_coefficients(a, totals, primal, to);
}
OPSIG_KERNEL(normalization_tangent_backward_coefficients_float64, 256, opsig_normalization_arguments a, double* totals,
             const double* primal, double* to) {
  normalization_tangent_backward_coefficients(a, totals, primal, to);
}
OPSIG_KERNELS(normalization_affine, 256, (opsig_normalization_arguments a, const void* weight, const void* bias),
              (a, weight, bias))
OPSIG_KERNEL(normalization_apply_float32, 256, opsig_normalization_arguments a, const float* first,
             const float* coefficients, int with_primal) {
  normalization_apply(a, first, coefficients, with_primal);
}
OPSIG_KERNEL(normalization_apply_float64, 256, opsig_normalization_arguments a, const double* first,
             const double* coefficients, int with_primal) {
  normalization_apply(a, first, coefficients, with_primal);
}
OPSIG_KERNELS(normalization_parameters, 256,
              (opsig_normalization_arguments a, const double* totals, int terms, int weight_term, int bias_term),
              (a, totals, terms, weight_term, bias_term))
