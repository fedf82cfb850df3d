#include "opsig/activation.h"

#include "support.h"

namespace opsig::test {
namespace {

constexpr double kParameter = 0.25;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

// φ from its definition; derivatives of it are taken numerically below.
double value(int kind, double x) {
  switch (kind) {
    case OPSIG_RELU:
      return x > 0 ? x : 0;
    case OPSIG_TANH:
      return std::tanh(x);
    case OPSIG_GELU:
      return x / 2 * std::erfc(-x / std::sqrt(2.0));
    case OPSIG_GELU_TANH:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
    case OPSIG_SILU:
      return x * logistic(x);
    case OPSIG_ELU:
      return x > 0 ? x : kParameter * std::expm1(x);
    case OPSIG_SOFTPLUS:
      return std::log1p(std::exp(x));
    case OPSIG_SIGMOID:
      return logistic(x);
    case OPSIG_HARDTANH:
      return x < -1 ? -1 : (x > 1 ? 1 : x);
    default:
      return x > 0 ? x : kParameter * x;
  }
}

// Central differences extrapolated once (Richardson): error h⁴ φ⁽⁵⁾/30 and rounding u/h, both below 1e-9 at this step.
constexpr double kStep = 2e-3;

double first(int kind, double x) {
  const auto difference = [&](double h) { return (value(kind, x + h) - value(kind, x - h)) / (2 * h); };
  return (4 * difference(kStep / 2) - difference(kStep)) / 3;
}

double second(int kind, double x) {
  const auto difference = [&](double h) {
    return (value(kind, x + h) - 2 * value(kind, x) + value(kind, x - h)) / (h * h);
  };
  return (4 * difference(kStep) - difference(2 * kStep)) / 3;
}

bool near_kink(int kind, double x) {
  const double margin = 3 * kStep;
  if (kind == OPSIG_HARDTANH) return std::fabs(std::fabs(x) - 1) < margin;
  return (kind == OPSIG_RELU || kind == OPSIG_ELU || kind == OPSIG_LEAKY_RELU) && std::fabs(x) < margin;
}

// The largest error of φ, φ' or φ'' of order one in T, and of the differences above.
template <class T>
double bound(double scale) {
  return (40 * roundoff<T>() + 2e-9) * (1 + scale);
}

template <class T>
void test_kind(int kind, int64_t vectors, int64_t count, bool accumulate) {
  const auto name = [&](const char* operation) { return std::string(operation) + " of kind " + std::to_string(kind); };
  Array<T> x = random_array<T>(count, 1);
  for (int64_t i = 0; i < count; ++i)
    if (near_kink(kind, x[i])) x[i] += T(0.1);
  Array<T> y(count);
  opsig_activation_arguments a{};
  a.precision = precision_of<T>();
  a.kind = kind;
  a.parameter = kParameter;
  a.vectors = 1;
  a.count = count;
  a.x = x.data();
  a.out = y.data();
  run("activation_forward", a);
  for (int64_t i = 0; i < count; ++i) expect_near(name("forward"), y[i], value(kind, x[i]), bound<T>(std::fabs(x[i])));

  const Array<T> in = random_array<T>(vectors * count, 2), moved = random_array<T>(vectors * count, 3);
  const Array<T> cotangent = random_array<T>(count, 4);
  a.vectors = vectors;
  a.y = y.data();
  a.first = in.data();
  a.second = moved.data();
  a.cotangent = cotangent.data();
  const auto check = [&](const char* operation, bool adds, auto expected) {
    Array<T> out = adds ? random_array<T>(vectors * count, 5) : Array<T>(vectors * count);
    const Array<T> before = out.copy();
    a.accumulate = adds;
    a.out = out.data();
    run(operation, a);
    for (int64_t i = 0; i < vectors * count; ++i) {
      const double wanted = expected(i, i % count), was = adds ? static_cast<double>(before[i]) : 0.0;
      const double scale = std::fabs(was) + std::fabs(in[i]) * (1 + std::fabs(in[i])) +
                           std::fabs(static_cast<double>(cotangent[i % count]) * moved[i]);
      expect_near(name(operation), out[i], was + wanted, bound<T>(1.2 * scale));
    }
  };
  check("activation_first_order", accumulate, [&](int64_t i, int64_t e) { return first(kind, x[e]) * in[i]; });
  check("activation_tangent_backward", accumulate, [&](int64_t i, int64_t e) {
    return first(kind, x[e]) * in[i] + second(kind, x[e]) * static_cast<double>(cotangent[e]) * moved[i];
  });
  check("activation_second_order", false,
        [&](int64_t i, int64_t e) { return second(kind, x[e]) * static_cast<double>(in[i]) * in[i]; });

  // Without a tangent of the input the second derivative has no part.
  a.second = nullptr;
  check("activation_tangent_backward", accumulate, [&](int64_t i, int64_t e) { return first(kind, x[e]) * in[i]; });
}

// Outputs may lie over the operand called `first`.
template <class T>
void test_in_place(int kind) {
  const int64_t count = 37, vectors = 2;
  const Array<T> x = random_array<T>(count, 1);
  Array<T> y(count), out(vectors * count), over = random_array<T>(vectors * count, 2);
  opsig_activation_arguments a{};
  a.precision = precision_of<T>();
  a.kind = kind;
  a.parameter = kParameter;
  a.vectors = vectors;
  a.count = count;
  a.x = x.data();
  a.out = y.data();
  run("activation_forward", a);
  a.y = y.data();
  a.first = over.data();
  a.out = out.data();
  run("activation_first_order", a);
  a.out = over.data();
  run("activation_first_order", a);
  for (int64_t i = 0; i < vectors * count; ++i) expect_near("in place", over[i], out[i], 0);
}

template <class T>
void test_nan(int kind) {
  Array<T> x(1), y(1);
  opsig_activation_arguments a{};
  a.precision = precision_of<T>();
  a.kind = kind;
  a.parameter = kParameter;
  a.vectors = a.count = 1;
  a.x = x.data();
  a.out = y.data();
  run("activation_forward", a);
  if (y[0] == y[0]) fail("activation of kind " + std::to_string(kind) + " hides a NaN");
}

template <class T>
void test_precision() {
  for (int kind = OPSIG_RELU; kind <= OPSIG_LEAKY_RELU; ++kind) {
    for (const bool accumulate : {false, true}) {
      test_kind<T>(kind, 1, 1, accumulate);
      test_kind<T>(kind, 3, 2051, accumulate);
    }
    test_kind<T>(kind, 2, 20001, true);
    test_in_place<T>(kind);
    test_nan<T>(kind);
  }
}

}  // namespace

void test_activations() {
  test_precision<float>();
  test_precision<double>();
  opsig_activation_arguments a{};
  a.kind = 10;
  expect_refusal("activation_forward", a, "activation 10");
}

}  // namespace opsig::test
