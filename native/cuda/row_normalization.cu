// Normalisation of single rows (layer norm): statistics of each row over all of its channels. The formulas are those of
// opsig/normalization.h, collected as in native/cpu/row_normalization.cpp.
//
// Bound by memory. A team of warps has a row, whose numbers its threads keep in registers, so that a pass reads and
// writes every tensor once. Bytes per element and vector in float32; what K vectors share is read by blocks that are
// neighbours in the grid, and comes from memory once. Beside it what the kernels of normalization.cu move with K = 1:
// there every element of such a row is a channel with sums and coefficients of its own.
//   forward            x; y                             8             48
//   tangent            x', y' of K; x                   8 + 4/K       84
//   backward           cotangent, x^ of K; x            8 + 4/K      100
//   tangent_backward   x', cotangent', x^' of K; x and  12 + 8/K     220
//                      cotangent
//   second_order       x', y'' of K; x                  8 + 4/K      100
// An x^ that is accumulated is read as well: 4 more. The sums of a part for the parameters' cotangents are written and
// read in float64: 32 bytes per channel, of which an element bears at most a sixteenth.
//
// Sums over a row are trees in working precision: a thread's numbers, the lanes of a warp, the warps. None is deeper
// than adding in turn, and of 4096 numbers a path has 8 + 5 + 16 additions.
#include "opsig/normalization.h"

#include "kernel.cuh"
#include "term_sum.cuh"

namespace {

using namespace opsig;
using Arguments = opsig_normalization_arguments;

// Of a row a thread keeps so much: all tensors of tangent-backward and the sums of two parameters fit the 128 registers
// of a thread in a block of 16 warps.
constexpr int kNarrowBytes = 16, kWideBytes = 32;
constexpr int kMostWarps = 16;
constexpr int kMostThreads = kMostWarps * kWarp;
constexpr int kMostSums = 7;

// Beyond so many threads a block has one team.
constexpr int kThreadsOfTeams = 256;

// How the rows are cut; by the shape alone, for the sums of the parameters' cotangents depend on it.
struct RowPlan {
  int64_t part_rows;  // rows of a block
  int64_t row_warps;  // warps of a team
  double* partial;    // [vector, part, (bias, weight), channel]: sums over a part's rows; null where nobody wants them
};

template <class T>
struct RowStorage {
  T sums[kMostWarps][kMostSums];
  double of_teams[(kThreadsOfTeams - kWarp) * kWideBytes / sizeof(T)];
};

// A parameter's numbers of the channels that a thread keeps, zero where there is none. They are read again for every
// row, from the first-level cache: registers are scarcer.
template <class T>
struct Parameter {
  const T* first;
  OPSIG_DEVICE T operator[](int i) const { return first == nullptr ? T(0) : first[i * kWarp]; }
};

// The warps that share a row, and the rows that they take in turn. blockIdx.x is (part, vector). All threads of a block
// go through the same steps, since a sum waits for the whole block: a team without a row has no channels.
template <class T, int kKept>
class Team {
 public:
  OPSIG_DEVICE Team(const Arguments& a, const RowPlan& plan, int64_t vectors, RowStorage<T>& storage)
      : storage_(storage),
        warps_(static_cast<int>(plan.row_warps)),
        threads_(warps_ * kWarp),
        index_(static_cast<int>(threadIdx.x) / threads_),
        first_channel_(static_cast<int>(threadIdx.x) % threads_ / kWarp * (kWarp * kKept) +
                       static_cast<int>(threadIdx.x) % kWarp),
        teams_(static_cast<int>(blockDim.x) / threads_),
        row_channels_(static_cast<int>(a.channels)),
        a_(a),
        part_(blockIdx.x / vectors),
        vector_(blockIdx.x % vectors),
        next_(part_ * plan.part_rows),
        end_(min(a.matrices, next_ + plan.part_rows)),
        channels_(row_channels_) {}

  OPSIG_DEVICE bool next_row() {
    if (next_ >= end_) return false;
    row_ = next_ + index_;
    next_ += teams_;
    channels_ = row_ < end_ ? row_channels_ : 0;
    return true;
  }

  // Calls body(i) for every number of the row that this thread keeps.
  template <class Body>
  OPSIG_DEVICE void each(const Body& body) const {
#pragma unroll
    for (int i = 0; i < kKept; ++i)
      if (channel(i) < channels_) body(i);
  }

  // This row of a tensor that all vectors share, or of one that each has; null where there is none.
  OPSIG_DEVICE const T* shared(const void* tensor) const {
    return static_cast<const T*>(tensor) + row_ * row_channels_;
  }
  OPSIG_DEVICE const T* of_vector(const void* tensor) const {
    return tensor == nullptr ? nullptr : shared(tensor) + vector_ * a_.matrices * row_channels_;
  }

  // This vector's numbers of a parameter.
  OPSIG_DEVICE Parameter<T> parameter(const void* parameter, int64_t stride) const {
    return {parameter == nullptr ? nullptr : static_cast<const T*>(parameter) + vector_ * stride + first_channel_};
  }

  OPSIG_DEVICE void read(const T* from, T (&to)[kKept]) const {
    if (from != nullptr) each([&](int i) { to[i] = from[channel(i)]; });
  }

  // h of this row; returns s.
  OPSIG_DEVICE T read_normalized(T (&h)[kKept]) const {
    if (channels_ == 0) return 0;
    const T mean = static_cast<T>(a_.statistics[2 * row_]), s = static_cast<T>(a_.statistics[2 * row_ + 1]);
    read(shared(a_.x), h);
    each([&](int i) { h[i] = (h[i] - mean) * s; });
    return s;
  }

  OPSIG_DEVICE void write_statistics(T mean, T s) const {
    if (channels_ == 0 || first_channel_ != 0) return;
    a_.statistics[2 * row_] = static_cast<double>(mean);
    a_.statistics[2 * row_ + 1] = static_cast<double>(s);
  }

  // From what each thread has added up to means over the row, in every thread.
  template <int N>
  OPSIG_DEVICE void means(T (&sums)[N]) const {
    static_assert(N <= kMostSums, "the storage has no room");
#pragma unroll
    for (int n = 0; n < N; ++n) sums[n] = warp_sum(sums[n]);
    if (warps_ > 1) {
      const int warp = static_cast<int>(threadIdx.x) / kWarp, first = index_ * warps_;
      if (threadIdx.x % kWarp == 0) {
#pragma unroll
        for (int n = 0; n < N; ++n) storage_.sums[warp][n] = sums[n];
      }
      __syncthreads();
#pragma unroll
      for (int n = 0; n < N; ++n) sums[n] = 0;
#pragma unroll 1
      for (int w = first; w < first + warps_; ++w) {
#pragma unroll
        for (int n = 0; n < N; ++n) sums[n] += storage_.sums[w][n];
      }
      __syncthreads();
    }
#pragma unroll
    for (int n = 0; n < N; ++n) sums[n] /= static_cast<T>(row_channels_);
  }

  // out = [accumulate] formula(i), everything being read before the first is written: the compiler cannot know
  // that they lie apart.
  template <class Formula>
  OPSIG_DEVICE void write(bool accumulate, const Formula& formula) const {
    T* out = const_cast<T*>(of_vector(a_.out));
    T values[kKept] = {};
    each([&](int i) { values[i] = formula(i); });
    if (accumulate) each([&](int i) { values[i] += out[channel(i)]; });
    each([&](int i) { out[channel(i)] = values[i]; });
  }

  // Adds up what the teams of this block have per channel, into `partial` [vector, part, 2, channel].
  OPSIG_DEVICE void write_part(const TermSum<T> (&sums)[kKept], int term, int64_t parts, double* partial) {
    channels_ = row_channels_;
    const int stride = threads_ * kKept;
    __syncthreads();
    if (index_ > 0) each([&](int i) { storage_.of_teams[(index_ - 1) * stride + channel(i)] = sums[i].total(); });
    __syncthreads();
    double* to = partial + ((vector_ * parts + part_) * 2 + term) * row_channels_;
    if (index_ == 0)
      each([&](int i) {
        double sum = sums[i].total();
        for (int team = 1; team < teams_; ++team) sum += storage_.of_teams[(team - 1) * stride + channel(i)];
        to[channel(i)] = sum;
      });
  }

 private:
  // A warp has successive channels, so that the distances between a thread's are known to the compiler.
  OPSIG_DEVICE int channel(int i) const { return first_channel_ + i * kWarp; }

  RowStorage<T>& storage_;
  const int warps_, threads_, index_, first_channel_, teams_, row_channels_;
  const Arguments& a_;
  const int64_t part_, vector_;
  int64_t next_, row_ = 0;
  const int64_t end_;
  int channels_;
};

// Parameters' cotangents of the rows that this thread has seen.
template <class T, int kKept>
class ParameterSums {
 public:
  OPSIG_DEVICE void add(int i, T to_weight, T to_bias) {
    weight_[i] += to_weight;
    bias_[i] += to_bias;
  }

  OPSIG_DEVICE void write(Team<T, kKept>& team, const RowPlan& plan, int64_t rows) const {
    if (plan.partial == nullptr) return;
    const int64_t parts = (rows + plan.part_rows - 1) / plan.part_rows;
    team.write_part(bias_, 0, parts, plan.partial);
    team.write_part(weight_, 1, parts, plan.partial);
  }

 private:
  TermSum<T> bias_[kKept], weight_[kKept];
};

// The mean is corrected by that of what is left, and the variance with it (Chan, Golub and LeVeque 1983).
template <class T, int kKept>
OPSIG_DEVICE void row_normalization_forward(const Arguments& a, const RowPlan& plan) {
  OPSIG_SHARED(RowStorage<T>, storage);
  Team<T, kKept> team(a, plan, 1, storage);
  const Parameter<T> weight = team.parameter(a.weight, 0);
  const Parameter<T> bias = team.parameter(a.bias, 0);
  while (team.next_row()) {
    T x[kKept] = {}, first[1] = {}, second[2] = {};
    team.read(team.shared(a.x), x);
    team.each([&](int i) { first[0] += x[i]; });
    team.means(first);
    team.each([&](int i) {
      const T left = x[i] - first[0];
      second[0] += left;
      second[1] += left * left;
    });
    team.means(second);
    const T mean = first[0] + second[0], variance = max(second[1] - second[0] * second[0], T(0));
    const T s = 1 / sqrt(variance + static_cast<T>(a.epsilon));
    team.write_statistics(mean, s);
    team.write(false, [&](int i) { return weight[i] * ((x[i] - mean) * s) + bias[i]; });
  }
}

template <class T, int kKept>
OPSIG_DEVICE void row_normalization_tangent(const Arguments& a, const RowPlan& plan) {
  OPSIG_SHARED(RowStorage<T>, storage);
  Team<T, kKept> team(a, plan, a.vectors, storage);
  const Parameter<T> weight = team.parameter(a.weight, 0);
  const Parameter<T> dw = team.parameter(a.weight_tangent, a.parameter_stride);
  const Parameter<T> db = team.parameter(a.bias_tangent, a.parameter_stride);
  while (team.next_row()) {
    T h[kKept] = {}, dx[kKept] = {}, means[2] = {};
    const T s = team.read_normalized(h);
    team.read(team.of_vector(a.input_tangent), dx);
    team.each([&](int i) {
      means[0] += dx[i];
      means[1] += h[i] * dx[i];
    });
    team.means(means);
    const T mean = means[0], b = means[1];
    team.write(false, [&](int i) { return weight[i] * s * (dx[i] - mean - b * h[i]) + dw[i] * h[i] + db[i]; });
  }
}

template <class T, int kKept>
OPSIG_DEVICE void row_normalization_backward(const Arguments& a, const RowPlan& plan) {
  OPSIG_SHARED(RowStorage<T>, storage);
  Team<T, kKept> team(a, plan, a.vectors, storage);
  ParameterSums<T, kKept> parameters;
  const Parameter<T> weight = team.parameter(a.weight, 0);
  while (team.next_row()) {
    T h[kKept] = {}, g[kKept] = {}, means[2] = {};
    const T s = team.read_normalized(h);
    team.read(team.of_vector(a.output_cotangent), g);
    team.each([&](int i) {
      parameters.add(i, g[i] * h[i], g[i]);
      g[i] *= weight[i];
      means[0] += g[i];
      means[1] += h[i] * g[i];
    });
    if (a.out == nullptr) continue;
    team.means(means);
    const T mean = means[0], q = means[1];
    team.write(a.accumulate != 0, [&](int i) { return s * (g[i] - mean - q * h[i]); });
  }
  parameters.write(team, plan, a.matrices);
}

// As in native/cpu/row_normalization.cpp, with a = <x'>, b = <h x'>, q = <h g> and r = <h' g>.
template <class T, int kKept>
OPSIG_DEVICE void row_normalization_tangent_backward(const Arguments& a, const RowPlan& plan) {
  OPSIG_SHARED(RowStorage<T>, storage);
  Team<T, kKept> team(a, plan, a.vectors, storage);
  ParameterSums<T, kKept> parameters;
  const Parameter<T> weight = team.parameter(a.weight, 0);
  const Parameter<T> dw = team.parameter(a.weight_tangent, a.parameter_stride);
  while (team.next_row()) {
    T h[kKept] = {}, dx[kKept] = {}, dy[kKept] = {}, moved[kKept] = {}, means[7] = {};
    const T s = team.read_normalized(h);
    team.read(team.of_vector(a.input_tangent), dx);
    team.read(team.shared(a.cotangent), dy);
    team.read(team.of_vector(a.output_cotangent), moved);
    const auto moved_g = [&](int i) { return weight[i] * moved[i] + dw[i] * dy[i]; };
    team.each([&](int i) {
      const T g = weight[i] * dy[i], change = moved_g(i);
      means[0] += dx[i];
      means[1] += h[i] * dx[i];
      means[2] += g;
      means[3] += h[i] * g;
      means[4] += dx[i] * g;
      means[5] += change;
      means[6] += h[i] * change;
    });
    team.means(means);
    const T mean = means[0], b = means[1], mean_g = means[2], q = means[3], mean_moved = means[5];
    team.each([&](int i) { parameters.add(i, moved[i] * h[i] + dy[i] * (s * (dx[i] - mean - b * h[i])), moved[i]); });
    if (a.out == nullptr) continue;
    const T r = s * (means[4] - mean * mean_g - b * q);
    const T of_h = -s * (means[6] + r - 2 * s * q * b), constant = s * (s * q * mean + s * b * mean_g - mean_moved);
    team.write(a.accumulate != 0, [&](int i) {
      return s * moved_g(i) - s * s * b * (weight[i] * dy[i]) - s * s * q * dx[i] + of_h * h[i] + constant;
    });
  }
  parameters.write(team, plan, a.matrices);
}

// With <h' x'> = s (<x'^2> - a^2 - b^2) and k = weight' - s b weight.
template <class T, int kKept>
OPSIG_DEVICE void row_normalization_second_order(const Arguments& a, const RowPlan& plan) {
  OPSIG_SHARED(RowStorage<T>, storage);
  Team<T, kKept> team(a, plan, a.vectors, storage);
  const Parameter<T> weight = team.parameter(a.weight, 0);
  const Parameter<T> dw = team.parameter(a.weight_tangent, a.parameter_stride);
  while (team.next_row()) {
    T h[kKept] = {}, dx[kKept] = {}, means[3] = {};
    const T s = team.read_normalized(h);
    team.read(team.of_vector(a.input_tangent), dx);
    team.each([&](int i) {
      means[0] += dx[i];
      means[1] += h[i] * dx[i];
      means[2] += dx[i] * dx[i];
    });
    team.means(means);
    const T mean = means[0], b = means[1], spread = s * (means[2] - mean * mean - b * b);
    team.write(false, [&](int i) {
      const T k = dw[i] - s * b * weight[i];
      return 2 * s * k * (dx[i] - mean - b * h[i]) - s * weight[i] * spread * h[i];
    });
  }
}

}  // namespace

// NAME_narrow_float32 and so on, with 16 bytes of a row in each thread, and NAME_wide_float32 with 32.
#define ROW_KERNELS(NAME) ROW_KERNELS_OF(NAME, narrow, kNarrowBytes) ROW_KERNELS_OF(NAME, wide, kWideBytes)
#define ROW_KERNELS_OF(NAME, WIDTH, BYTES)                                                              \
  OPSIG_KERNEL(NAME##_##WIDTH##_float32, kMostThreads, opsig_normalization_arguments a, RowPlan plan) { \
    NAME<float, BYTES / sizeof(float)>(a, plan);                                                        \
  }                                                                                                     \
  OPSIG_KERNEL(NAME##_##WIDTH##_float64, kMostThreads, opsig_normalization_arguments a, RowPlan plan) { \
    NAME<double, BYTES / sizeof(double)>(a, plan);                                                      \
  }
ROW_KERNELS(row_normalization_forward)
ROW_KERNELS(row_normalization_tangent)
ROW_KERNELS(row_normalization_backward)
ROW_KERNELS(row_normalization_tangent_backward)
ROW_KERNELS(row_normalization_second_order)
