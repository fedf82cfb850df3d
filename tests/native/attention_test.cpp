// The passes of attention: the forward pass against naive loops in float64; first and second derivatives along a
// direction by central differences of these; the backward pass as their transpose; its derivative by central
// differences of itself, once checked; and float32 against float64.
#include "opsig/attention.h"

#include <vector>

#include "support.h"

namespace opsig::test {
namespace {

using Values = std::vector<double>;

struct Shape {
  int64_t samples, positions, heads, width;
  bool causal;
  int64_t out_size() const { return samples * positions * heads * width; }
  int64_t in_size() const { return 3 * out_size(); }
};

Values random_values(int64_t size, uint32_t seed) {
  const Array<float> rounded = random_array<float>(size, seed);
  return Values(rounded.data(), rounded.data() + size);
}

Values along(const Values& at, double h, const Values& direction) {
  Values moved = at;
  for (size_t i = 0; i < moved.size(); ++i) moved[i] += h * direction[i];
  return moved;
}

double dot(const Values& a, const Values& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double largest(const Values& values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::fabs(value));
  return largest;
}

Values plain_forward(const Shape& s, const Values& qkv) {
  Values out(static_cast<size_t>(s.out_size()));
  const auto at = [&](int64_t n, int64_t t, int64_t part, int64_t h, int64_t c) {
    return qkv[static_cast<size_t>((((n * s.positions + t) * 3 + part) * s.heads + h) * s.width + c)];
  };
  for (int64_t n = 0; n < s.samples; ++n)
    for (int64_t h = 0; h < s.heads; ++h)
      for (int64_t t = 0; t < s.positions; ++t) {
        const int64_t reach = s.causal ? t + 1 : s.positions;
        Values p(static_cast<size_t>(reach));
        double sum = 0;
        for (int64_t u = 0; u < reach; ++u) {
          double score = 0;
          for (int64_t c = 0; c < s.width; ++c) score += at(n, t, 0, h, c) * at(n, u, 1, h, c);
          sum += p[static_cast<size_t>(u)] = std::exp(score / std::sqrt(static_cast<double>(s.width)));
        }
        for (int64_t u = 0; u < reach; ++u)
          for (int64_t c = 0; c < s.width; ++c)
            out[static_cast<size_t>(((n * s.positions + t) * s.heads + h) * s.width + c)] +=
                p[static_cast<size_t>(u)] / sum * at(n, u, 2, h, c);
      }
  return out;
}

// Runs a pass in T; `initial` is what the output holds if it is accumulated to.
template <class T>
Values run_pass(const char* name, const Shape& s, const Values& qkv, int64_t size, const std::vector<Values>& tangents,
                const Values& cotangent, const std::vector<Values>& cotangents, double initial = 0,
                bool accumulate = false) {
  const auto array_of = [](const std::vector<Values>& rows) {
    Array<T> array(rows.empty() ? 1 : static_cast<int64_t>(rows.size() * rows[0].size()));
    int64_t i = 0;
    for (const Values& row : rows)
      for (const double value : row) array[i++] = static_cast<T>(value);
    return array;
  };
  const int64_t vectors = std::max<int64_t>(1, static_cast<int64_t>(std::max(tangents.size(), cotangents.size())));
  const Array<T> in = array_of({qkv}), dx = array_of(tangents), dy = array_of({cotangent}),
                 moved = array_of(cotangents);
  Array<T> out(vectors * size);
  if (accumulate)
    for (int64_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(initial);
  opsig_attention_arguments a{};
  a.precision = precision_of<T>();
  a.causal = s.causal;
  a.accumulate = accumulate;
  a.vectors = vectors;
  a.samples = s.samples;
  a.positions = s.positions;
  a.heads = s.heads;
  a.width = s.width;
  a.qkv = in.data();
  a.tangent = tangents.empty() ? nullptr : dx.data();
  a.cotangent = cotangent.empty() ? nullptr : dy.data();
  a.output_cotangent = cotangents.empty() ? nullptr : moved.data();
  a.out = out.data();
  run(name, a);
  return Values(out.data(), out.data() + out.size());
}

void expect_close(const std::string& what, const Values& actual, const Values& expected, double bound) {
  const double scale = largest(expected);
  for (size_t i = 0; i < expected.size(); ++i) expect_near(what, actual[i], expected[i], bound * scale);
}

Values slice(const Values& values, size_t vector, size_t size) {
  return Values(values.begin() + static_cast<int64_t>(vector * size),
                values.begin() + static_cast<int64_t>((vector + 1) * size));
}

void test_shape(const Shape& s) {
  // Central differences with h = 1e-4: h^2 of the third derivative and 1e-16 / h of rounding; second ones 1e-16 / h^2.
  constexpr double kStep = 1e-4, kFirst = 1e-6, kSecond = 1e-5, kExact = 1e-12;

  // Sums of at most T + d terms, some tens of roundings in a chain; the terms cancel little.
  const double float_bound = 16 * static_cast<double>(s.positions + s.width + 16) * roundoff<float>();
  const size_t in = static_cast<size_t>(s.in_size()), out = static_cast<size_t>(s.out_size());
  const Values qkv = random_values(s.in_size(), 1);
  const std::vector<Values> tangents{random_values(s.in_size(), 2), random_values(s.in_size(), 3)};
  const Values cotangent = random_values(s.out_size(), 4);
  const std::vector<Values> moved{random_values(s.out_size(), 5), random_values(s.out_size(), 6)};
  const auto check_float = [&](const char* name, const Values& wide, int64_t size, const std::vector<Values>& dx,
                               const Values& dy, const std::vector<Values>& dm) {
    expect_close(std::string(name) + ", float32: ", run_pass<float>(name, s, qkv, size, dx, dy, dm), wide, float_bound);
  };

  const Values y = run_pass<double>("attention_forward", s, qkv, s.out_size(), {}, {}, {});
  expect_close("attention_forward: ", y, plain_forward(s, qkv), kExact);
  check_float("attention_forward", y, s.out_size(), {}, {}, {});

  const Values dy = run_pass<double>("attention_tangent", s, qkv, s.out_size(), tangents, {}, {});
  const Values ddy = run_pass<double>("attention_second_order", s, qkv, s.out_size(), tangents, {}, {});
  check_float("attention_tangent", dy, s.out_size(), tangents, {}, {});
  check_float("attention_second_order", ddy, s.out_size(), tangents, {}, {});

  // Cotangents that move along with the data show whether each vector meets its own.
  const Values back = run_pass<double>("attention_backward", s, qkv, s.in_size(), {}, {}, {cotangent, moved[0]});
  check_float("attention_backward", back, s.in_size(), {}, {}, {cotangent, moved[0]});
  const Values back_back =
      run_pass<double>("attention_tangent_backward", s, qkv, s.in_size(), tangents, cotangent, moved);
  check_float("attention_tangent_backward", back_back, s.in_size(), tangents, cotangent, moved);
  for (size_t j = 0; j < 2; ++j) {
    const Values ahead = plain_forward(s, along(qkv, kStep, tangents[j])),
                 behind = plain_forward(s, along(qkv, -kStep, tangents[j]));
    Values first(out), second(out);
    for (size_t i = 0; i < out; ++i) {
      first[i] = (ahead[i] - behind[i]) / (2 * kStep);
      second[i] = (ahead[i] - 2 * y[i] + behind[i]) / (kStep * kStep);
    }
    expect_close("attention_tangent: ", slice(dy, j, out), first, kFirst);
    expect_close("attention_second_order: ", slice(ddy, j, out), second, kSecond);

    // The transpose, against every direction at hand.
    for (size_t direction = 0; direction < 2; ++direction) {
      const double forward = dot(j == 0 ? cotangent : moved[0], slice(dy, direction, out));
      expect_near("attention_backward: ", dot(slice(back, j, in), tangents[direction]), forward,
                  kExact * largest(back) * 1e3);
    }

    const auto pulled = [&](double h) {
      return run_pass<double>("attention_backward", s, along(qkv, h, tangents[j]), s.in_size(), {}, {},
                              {along(cotangent, h, moved[j])});
    };
    const Values later = pulled(kStep), earlier = pulled(-kStep);
    Values derivative(in);
    for (size_t i = 0; i < in; ++i) derivative[i] = (later[i] - earlier[i]) / (2 * kStep);
    expect_close("attention_tangent_backward: ", slice(back_back, j, in), derivative, kFirst);
  }

  Values more = run_pass<double>("attention_backward", s, qkv, s.in_size(), {}, {}, {cotangent}, 2.0, true);
  for (double& value : more) value -= 2.0;
  expect_close("attention_backward, added: ", more, slice(back, 0, in), 1e-11);
}

// Every coordinate of the backward pass, where there are few.
void test_every_coordinate(const Shape& s) {
  const Values qkv = random_values(s.in_size(), 7), cotangent = random_values(s.out_size(), 8);
  const Values back = run_pass<double>("attention_backward", s, qkv, s.in_size(), {}, {}, {cotangent});
  for (size_t i = 0; i < qkv.size(); ++i) {
    Values unit(qkv.size(), 0.0);
    unit[i] = 1;
    const double ahead = dot(cotangent, plain_forward(s, along(qkv, 1e-5, unit)));
    const double behind = dot(cotangent, plain_forward(s, along(qkv, -1e-5, unit)));
    expect_near("attention_backward, coordinate: ", back[i], (ahead - behind) / 2e-5, 1e-8 * largest(back));
  }
}

}  // namespace

void test_attention() {
  for (const bool causal : {false, true}) {
    test_shape({2, 1, 1, 1, causal});
    test_shape({3, 5, 2, 3, causal});
    // Beyond a tile of rows, and beyond the threshold of threads.
    test_shape({2, 53, 2, 17, causal});
    test_every_coordinate({2, 4, 2, 3, causal});
  }
  opsig_attention_arguments a{};
  a.vectors = a.samples = a.positions = a.heads = 1;
  expect_refusal("attention_forward", a, "positive");
}

}  // namespace opsig::test
