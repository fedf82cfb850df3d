#include "opsig/vectors.h"

#include "support.h"

namespace opsig::test {
namespace {

template <class T>
void test_inner_products(int left_count, int right_count, int64_t length, int64_t gap) {
  const int64_t stride = length + gap;
  const auto size = [&](int count) { return (count - 1) * stride + length; };
  const Array<T> left = random_array<T>(size(left_count), 1), right = random_array<T>(size(right_count), 2);
  Array<double> inner(static_cast<int64_t>(left_count) * right_count);
  opsig_inner_products_arguments a{};
  a.precision = precision_of<T>();
  a.left_count = left_count;
  a.right_count = right_count;
  a.length = length;
  a.left = left.data();
  a.left_stride = stride;
  a.right = right.data();
  a.right_stride = stride;
  a.inner = inner.data();
  run("inner_products", a);
  for (int i = 0; i < left_count; ++i)
    for (int j = 0; j < right_count; ++j) {
      Sum sum;
      for (int64_t p = 0; p < length; ++p)
        sum.add(static_cast<double>(left[i * stride + p]) * static_cast<double>(right[j * stride + p]));
      sum.expect("inner_products", inner[i * right_count + j]);
    }
}

template <class T>
void test_combine(int inputs, int outputs, int64_t length, double scale, double factor) {
  const int64_t stride = length + 3;
  const Array<T> input = random_array<T>((inputs - 1) * stride + length, 3);
  const Array<double> c = random_array<double>(static_cast<int64_t>(inputs) * outputs, 4);
  // With a scale of zero the output is not read: it stays poisoned until it is written.
  Array<T> output = scale == 0 ? Array<T>(outputs * length) : random_array<T>(outputs * length, 5);
  const Array<T> before = output.copy();
  opsig_combine_arguments a{};
  a.precision = precision_of<T>();
  a.input_count = inputs;
  a.output_count = outputs;
  a.length = length;
  a.coefficients = c.data();
  a.input = input.data();
  a.input_stride = stride;
  a.output = output.data();
  a.output_stride = length;
  a.factor = factor;
  a.scale = scale;
  Array<double> inner(static_cast<int64_t>(outputs) * outputs);
  a.inner = inner.data();
  run("combine", a);
  for (int i = 0; i < outputs; ++i)
    for (int j = 0; j < outputs; ++j) {
      Sum sum;
      for (int64_t p = 0; p < length; ++p)
        sum.add(static_cast<double>(output[i * length + p]) * static_cast<double>(output[j * length + p]));
      sum.expect("combine, inner products", inner[i * outputs + j]);
    }
  for (int j = 0; j < outputs; ++j)
    for (int64_t p = 0; p < length; ++p) {
      Sum sum;
      if (scale != 0) sum.add(scale * static_cast<double>(before[j * length + p]));
      for (int i = 0; i < inputs; ++i)
        sum.add(factor * c[i * outputs + j] * static_cast<double>(input[i * stride + p]));
      sum.expect("combine", output[j * length + p]);
    }
}

// Vectors of which one is a combination of the two before it, one lost all but 1e-9 of its length and one is not finite.
void test_whitening() {
  constexpr int kCount = 7, kLength = 20, kDependent = 3, kShrunk = 4, kInfinite = 5;
  Array<double> v = random_array<double>(kCount * kLength, 6);
  for (int p = 0; p < kLength; ++p) {
    v[kDependent * kLength + p] = 3 * v[(kDependent - 1) * kLength + p] - 2 * v[(kDependent - 2) * kLength + p];
    v[kShrunk * kLength + p] *= 1e-9;
  }
  Array<double> gram(kCount * kCount), before(kCount * kCount), coefficients(kCount * kCount), kept(1);
  for (int i = 0; i < kCount; ++i)
    for (int j = 0; j < kCount; ++j) {
      double sum = 0;
      for (int p = 0; p < kLength; ++p) sum += v[i * kLength + p] * v[j * kLength + p];
      gram[i * kCount + j] = i == kInfinite || j == kInfinite ? std::numeric_limits<double>::infinity() : sum;
      if (i == j) before[i * kCount + j] = i == kShrunk ? 1 : sum;
    }
  const Array<double> g = gram.copy();
  opsig_whitening_arguments a{};
  a.count = kCount;
  a.gram = gram.data();
  a.before = before.data();
  a.smallest_share = 1e-12;
  a.smallest_pivot = 1e-12;
  a.coefficients = coefficients.data();
  a.kept = kept.data();
  run("whitening", a);
  expect_near("whitening, kept", kept[0], kCount - 3, 0);
  for (int i = 0; i < kCount; ++i)
    for (int j = 0; j < kCount; ++j) {
      const bool is_kept = i < kCount - 3 && j < kCount - 3;
      double sum = 0;
      for (int k = 0; k < kCount; ++k)
        for (int l = 0; l < kCount; ++l)
          if (k != kInfinite && l != kInfinite)
            sum += coefficients[k * kCount + i] * g[k * kCount + l] * coefficients[l * kCount + j];
      expect_near("whitening", sum, is_kept && i == j ? 1 : 0, 1e-12);
      if (i == kInfinite || i == kShrunk || j >= kCount - 3)
        expect_near("whitening, what is dropped", coefficients[i * kCount + j], 0, 0);
    }
  a.count = -1;
  expect_refusal("whitening", a, "negative");
}

template <class T>
void test_precision() {
  test_inner_products<T>(1, 1, 1, 0);
  test_inner_products<T>(2, 3, 31, 5);
  test_inner_products<T>(3, 2, 4097, 1);
  test_inner_products<T>(1, 1, 40961, 0);
  for (const double scale : {0.0, -1.5}) {
    test_combine<T>(1, 1, 1, scale, 1);
    test_combine<T>(3, 2, 4099, scale, -1);
    test_combine<T>(5, 3, 33, scale, 0.3);
    test_combine<T>(2, 1, 40961, scale, 1);
  }
}

}  // namespace

void test_vectors() {
  test_precision<float>();
  test_precision<double>();
  test_whitening();
  opsig_combine_arguments a{};
  a.precision = 7;
  expect_refusal("combine", a, "precision");
  a.precision = OPSIG_FLOAT32;
  a.length = -1;
  expect_refusal("combine", a, "negative");
}

}  // namespace opsig::test
