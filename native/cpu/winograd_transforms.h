// The transforms of Winograd's minimal filtering F(4, 3): four outputs of a filter of three taps by six products,
//   y = A^T [ (G w) . (B^T x) ]        x [6], w [3], y [4]        (Lavin and Gray 2016, arXiv 1509.09308)
// by evaluation at 0, a, -a, b, -b and infinity. With a = 3/4 and b = 3/2 every constant of A and B is a float32
// number, and the rounding error is about twice that of the plain sum; with the usual 1 and 2 it is four times that
// (Barabasz et al. 2020, arXiv 1803.10986, on the choice of points). Each transform is one-dimensional with strides;
// `in_two_dimensions` applies it to columns and rows.
#pragma once

namespace opsig::winograd {

constexpr int kTaps = 3;
constexpr int kOutputs = 4;
constexpr int kPoints = 6;
constexpr int kPositions = kPoints * kPoints;

constexpr float a1 = 0.75f, a2 = a1 * a1, a3 = a2 * a1;
constexpr float b1 = 1.5f, b2 = b1 * b1, b3 = b2 * b1;
// The products of a point's distances to the other four: 0; a and -a; b and -b.
constexpr float kZero = a2 * b2, kNear = 2 * a2 * (a2 - b2), kFar = 2 * b2 * (b2 - a2);

// Values at the points a, -a, b and -b from their even and odd parts.
template <class V>
void at_finite_points(const V& even_a, const V& odd_a, const V& even_b, const V& odd_b, V* to, int q) {
  to[q] = even_a + odd_a;
  to[2 * q] = even_a - odd_a;
  to[3 * q] = even_b + odd_b;
  to[4 * q] = even_b - odd_b;
}

// B^T x: x [6] to [6].
struct Input {
  static constexpr int kFrom = kPoints, kTo = kPoints;
  template <class V>
  static void apply(const V* x, int s, V* to, int q) {
    const V even_a = x[4 * s] - b2 * x[2 * s], odd_a = a1 * (x[3 * s] - b2 * x[s]);
    const V even_b = x[4 * s] - a2 * x[2 * s], odd_b = b1 * (x[3 * s] - a2 * x[s]);
    to[0] = kZero * x[0] - (a2 + b2) * x[2 * s] + x[4 * s];
    at_finite_points(even_a, odd_a, even_b, odd_b, to, q);
    to[5 * q] = kZero * x[s] - (a2 + b2) * x[3 * s] + x[5 * s];
  }
};

// G w: w [3] to [6].
struct Filter {
  static constexpr int kFrom = kTaps, kTo = kPoints;
  template <class V>
  static void apply(const V* w, int s, V* to, int q) {
    const V even_a = (1 / kNear) * w[0] + (a2 / kNear) * w[2 * s], odd_a = (a1 / kNear) * w[s];
    const V even_b = (1 / kFar) * w[0] + (b2 / kFar) * w[2 * s], odd_b = (b1 / kFar) * w[s];
    to[0] = (1 / kZero) * w[0];
    at_finite_points(even_a, odd_a, even_b, odd_b, to, q);
    to[5 * q] = w[2 * s];
  }
};

// A^T m: m [6] to the outputs [4].
struct Output {
  static constexpr int kFrom = kPoints, kTo = kOutputs;
  template <class V>
  static void apply(const V* m, int s, V* to, int q) {
    const V even_a = m[s] + m[2 * s], odd_a = m[s] - m[2 * s];
    const V even_b = m[3 * s] + m[4 * s], odd_b = m[3 * s] - m[4 * s];
    to[0] = m[0] + even_a + even_b;
    to[q] = a1 * odd_a + b1 * odd_b;
    to[2 * q] = a2 * even_a + b2 * even_b;
    to[3 * q] = a3 * odd_a + b3 * odd_b + m[5 * s];
  }
};

// A z, the transpose of Output: cotangents of the outputs [4] to [6].
struct OutputCotangent {
  static constexpr int kFrom = kOutputs, kTo = kPoints;
  template <class V>
  static void apply(const V* z, int s, V* to, int q) {
    const V even_a = z[0] + a2 * z[2 * s], odd_a = a1 * z[s] + a3 * z[3 * s];
    const V even_b = z[0] + b2 * z[2 * s], odd_b = b1 * z[s] + b3 * z[3 * s];
    to[0] = z[0];
    at_finite_points(even_a, odd_a, even_b, odd_b, to, q);
    to[5 * q] = z[3 * s];
  }
};

// G^T u, the transpose of Filter: cotangents of the transformed filter [6] to the taps [3].
struct FilterCotangent {
  static constexpr int kFrom = kPoints, kTo = kTaps;
  template <class V>
  static void apply(const V* u, int s, V* to, int q) {
    const V even_a = (1 / kNear) * (u[s] + u[2 * s]), odd_a = (a1 / kNear) * (u[s] - u[2 * s]);
    const V even_b = (1 / kFar) * (u[3 * s] + u[4 * s]), odd_b = (b1 / kFar) * (u[3 * s] - u[4 * s]);
    to[0] = (1 / kZero) * u[0] + even_a + even_b;
    to[q] = odd_a + odd_b;
    to[2 * q] = a2 * even_a + b2 * even_b + u[5 * s];
  }
};

// from [kFrom, kFrom] to [kTo, kTo]: Transform from Transform^T.
template <class Transform, class V>
void in_two_dimensions(const V* from, V* to) {
  constexpr int kFrom = Transform::kFrom, kTo = Transform::kTo;
  V columns[kTo * kFrom];
  for (int j = 0; j < kFrom; ++j) Transform::apply(from + j, kFrom, columns + j, kFrom);
  for (int i = 0; i < kTo; ++i) Transform::apply(columns + i * kFrom, 1, to + i * kTo, 1);
}

}  // namespace opsig::winograd
