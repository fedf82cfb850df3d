#include "opsig/dropout.h"

#include <cmath>

#include "support.h"

namespace opsig::test {
namespace {

constexpr double kRate = 0.3;

opsig_dropout_arguments arguments(int32_t precision, int64_t vectors, int64_t samples, int64_t first) {
  opsig_dropout_arguments a{};
  a.precision = precision;
  a.vectors = vectors;
  a.samples = samples;
  a.features = 37;
  a.first_sample = first;
  a.seed = 11;
  a.rate = kRate;
  return a;
}

// The mask, as what becomes of ones.
template <class T>
Array<T> mask(int64_t samples, int64_t first) {
  opsig_dropout_arguments a = arguments(precision_of<T>(), 1, samples, first);
  Array<T> ones(samples * a.features), out(samples * a.features);
  for (int64_t i = 0; i < samples * a.features; ++i) ones[i] = T(1);
  a.in = ones.data();
  a.out = out.data();
  run("dropout", a);
  return out;
}

template <class T>
void test_dropout() {
  const T scale = static_cast<T>(1 / (1 - kRate));
  const int64_t samples = 1100;  // enough elements for threads
  const Array<T> whole = mask<T>(samples, 0);
  const int64_t features = arguments(0, 1, 1, 0).features;
  int64_t dropped = 0;
  for (int64_t i = 0; i < samples * features; ++i) {
    dropped += whole[i] == T(0);
    if (whole[i] != T(0)) expect_near("dropout, kept", whole[i], scale, 0);
  }
  // Six standard deviations of a binomial.
  const double count = static_cast<double>(samples * features);
  expect_near("dropout, share dropped", static_cast<double>(dropped) / count, kRate,
              6 * std::sqrt(kRate * (1 - kRate) / count));

  // A micro-batch that starts later sees its own samples' masks; vectors see the same ones; sums and in-place work.
  const Array<T> later = mask<T>(5, 17);
  for (int64_t i = 0; i < 5 * features; ++i)
    expect_near("dropout, later samples", later[i], whole[17 * features + i], 0);
  for (const bool accumulate : {false, true}) {
    opsig_dropout_arguments a = arguments(precision_of<T>(), 3, 5, 17);
    const int64_t size = 3 * 5 * features;
    const Array<T> in = random_array<T>(size, 1);
    Array<T> out = accumulate ? random_array<T>(size, 2) : in.copy();
    const Array<T> before = out.copy();
    a.accumulate = accumulate;
    a.in = accumulate ? in.data() : out.data();
    a.out = out.data();
    run("dropout", a);
    for (int64_t i = 0; i < size; ++i) {
      const T value = later[i % (5 * features)] == T(0) ? T(0) : in[i] * scale;
      const T expected = accumulate ? before[i] + value : value;
      // The product's rounding, or none where it is fused, and that of either sum.
      expect_near("dropout", out[i], expected, (std::abs(value) + 2 * std::abs(expected)) * roundoff<T>());
    }
  }
}

}  // namespace

void test_dropouts() {
  test_dropout<float>();
  test_dropout<double>();
  opsig_dropout_arguments a = arguments(OPSIG_FLOAT32, 0, 1, 0);
  expect_refusal("dropout", a, "positive");
  a.vectors = 1;
  a.rate = 1;
  expect_refusal("dropout", a, "rate");
}

}  // namespace opsig::test
