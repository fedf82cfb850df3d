// Activations with their first and second derivatives, written once for every back end.
//
// Each is a struct with value(x), first(x, y) and second(x, y), where y = value(x) is given because several derivatives
// are cheapest from the output. Kinks take the derivative that PyTorch takes there (that of the lower side).
#pragma once

#include "math/functions.h"

namespace opsig::activation {

template <class T>
struct Relu {
  static constexpr bool kPiecewiseLinear = true;
  OPSIG_FUNCTION T value(T x) const { return x > T(0) ? x : (x != x ? x : T(0)); }
  OPSIG_FUNCTION T first(T, T y) const { return y > T(0) ? T(1) : T(0); }
  OPSIG_FUNCTION T second(T, T) const { return T(0); }
};

template <class T>
struct LeakyRelu {
  static constexpr bool kPiecewiseLinear = true;
  T slope;
  OPSIG_FUNCTION T value(T x) const { return x > T(0) ? x : slope * x; }
  OPSIG_FUNCTION T first(T x, T) const { return x > T(0) ? T(1) : slope; }
  OPSIG_FUNCTION T second(T, T) const { return T(0); }
};

template <class T>
struct Hardtanh {
  static constexpr bool kPiecewiseLinear = true;
  OPSIG_FUNCTION T value(T x) const { return x < T(-1) ? T(-1) : (x > T(1) ? T(1) : x); }
  OPSIG_FUNCTION T first(T x, T) const { return x > T(-1) && x < T(1) ? T(1) : T(0); }
  OPSIG_FUNCTION T second(T, T) const { return T(0); }
};

template <class T>
struct Tanh {
  static constexpr bool kPiecewiseLinear = false;
  OPSIG_FUNCTION T value(T x) const { return tanh_of(x); }
  OPSIG_FUNCTION T first(T, T y) const { return (T(1) - y) * (T(1) + y); }
  OPSIG_FUNCTION T second(T, T y) const { return T(-2) * y * (T(1) - y) * (T(1) + y); }
};

template <class T>
struct Sigmoid {
  static constexpr bool kPiecewiseLinear = false;
  OPSIG_FUNCTION T value(T x) const { return logistic(x); }
  OPSIG_FUNCTION T first(T, T y) const { return y * (T(1) - y); }
  OPSIG_FUNCTION T second(T, T y) const { return y * (T(1) - y) * (T(1) - T(2) * y); }
};

template <class T>
struct Softplus {
  static constexpr bool kPiecewiseLinear = false;
  OPSIG_FUNCTION T value(T x) const { return (x > T(0) ? x : T(0)) + log1p_of(exp_of(x > T(0) ? -x : x)); }
  OPSIG_FUNCTION T first(T x, T) const { return logistic(x); }
  OPSIG_FUNCTION T second(T x, T) const {
    const T s = logistic(x);
    return s * (T(1) - s);
  }
};

template <class T>
struct Silu {
  static constexpr bool kPiecewiseLinear = false;
  OPSIG_FUNCTION T value(T x) const { return x * logistic(x); }
  OPSIG_FUNCTION T first(T x, T) const {
    const T s = logistic(x);
    return s * (T(1) + x * (T(1) - s));
  }
  OPSIG_FUNCTION T second(T x, T) const {
    const T s = logistic(x);
    return s * (T(1) - s) * (T(2) + x * (T(1) - T(2) * s));
  }
};

template <class T>
struct Elu {
  static constexpr bool kPiecewiseLinear = false;
  T alpha;
  OPSIG_FUNCTION T value(T x) const { return x > T(0) ? x : alpha * expm1_of(x); }
  OPSIG_FUNCTION T first(T x, T y) const { return x > T(0) ? T(1) : y + alpha; }
  OPSIG_FUNCTION T second(T x, T y) const { return x > T(0) ? T(0) : y + alpha; }
};

// φ(x) = x Φ(x), φ' = Φ + x p, φ'' = (2 - x²) p with p the standard normal density.
template <class T>
struct Gelu {
  static constexpr bool kPiecewiseLinear = false;
  OPSIG_FUNCTION T value(T x) const { return x * normal_distribution(x); }
  OPSIG_FUNCTION T first(T x, T) const { return normal_distribution(x) + x * normal_density(x); }
  OPSIG_FUNCTION T second(T x, T) const { return (T(2) - x * x) * normal_density(x); }
};

// φ(x) = x/2 (1 + t), t = tanh(u), u = c (x + a x³).
template <class T>
struct GeluTanh {
  static constexpr bool kPiecewiseLinear = false;
  static constexpr T kScale = T(0.7978845608028653558798921198687637);  // √(2/π)
  static constexpr T kCubic = T(0.044715);
  OPSIG_FUNCTION T value(T x) const { return T(0.5) * x * (T(1) + tanh_of(inner(x))); }
  OPSIG_FUNCTION T first(T x, T) const {
    const T t = tanh_of(inner(x));
    return T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * slope(x);
  }
  OPSIG_FUNCTION T second(T x, T) const {
    const T t = tanh_of(inner(x)), u1 = slope(x), u2 = T(6) * kScale * kCubic * x;
    return (T(1) - t * t) * (u1 + T(0.5) * x * (u2 - T(2) * t * u1 * u1));
  }

 private:
  OPSIG_FUNCTION static T inner(T x) { return kScale * (x + kCubic * x * x * x); }
  OPSIG_FUNCTION static T slope(T x) { return kScale * (T(1) + T(3) * kCubic * x * x); }
};

}  // namespace opsig::activation
