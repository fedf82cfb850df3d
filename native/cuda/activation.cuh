// What a pass of an activation does to an element: for the kernels of its own, and for products and convolutions that go on
// with it (followed_tile.cuh).
#pragma once

#include "kernel.cuh"
#include "math/activation.h"
#include "opsig/activation.h"

namespace opsig::activation {

using Arguments = opsig_activation_arguments;

template <class T>
struct Pointers {
  const T *x, *y, *first, *second, *cotangent;
  T* out;
  OPSIG_DEVICE explicit Pointers(const Arguments& a)
      : x(static_cast<const T*>(a.x)),
        y(static_cast<const T*>(a.y)),
        first(static_cast<const T*>(a.first)),
        second(static_cast<const T*>(a.second)),
        cotangent(static_cast<const T*>(a.cotangent)),
        out(static_cast<T*>(a.out)) {}
};

// Calls body(phi) with the formulas of the wanted kind; the branch is the same for the whole grid.
template <class T, class Body>
OPSIG_DEVICE void with_activation(int kind, T parameter, const Body& body) {
  switch (kind) {
    case OPSIG_RELU:
      return body(Relu<T>{});
    case OPSIG_TANH:
      return body(Tanh<T>{});
    case OPSIG_GELU:
      return body(Gelu<T>{});
    case OPSIG_GELU_TANH:
      return body(GeluTanh<T>{});
    case OPSIG_SILU:
      return body(Silu<T>{});
    case OPSIG_ELU:
      return body(Elu<T>{parameter});
    case OPSIG_SOFTPLUS:
      return body(Softplus<T>{});
    case OPSIG_SIGMOID:
      return body(Sigmoid<T>{});
    case OPSIG_HARDTANH:
      return body(Hardtanh<T>{});
    case OPSIG_LEAKY_RELU:
      return body(LeakyRelu<T>{parameter});
  }
}

// φ, φ' and φ'' of an element as functions of their own, for kernels whose unrolled loops would hold the formulas of all
// kinds many times over.
template <class T>
OPSIG_OUT_OF_LINE T value(int kind, T parameter, T x) {
  T result = 0;
  with_activation(kind, parameter, [&](auto phi) { result = phi.value(x); });
  return result;
}

template <class T>
OPSIG_OUT_OF_LINE T first_derivative(int kind, T parameter, T x, T y) {
  T result = 0;
  with_activation(kind, parameter, [&](auto phi) { result = phi.first(x, y); });
  return result;
}

template <class T>
OPSIG_OUT_OF_LINE T second_derivative(int kind, T parameter, T x, T y) {
  T result = 0;
  with_activation(kind, parameter, [&](auto phi) { result = phi.second(x, y); });
  return result;
}

// Whether the derivatives are functions of y alone, or of x alone.
OPSIG_DEVICE bool from_output_alone(int kind) {
  return kind == OPSIG_RELU || kind == OPSIG_TANH || kind == OPSIG_SIGMOID;
}
OPSIG_DEVICE bool from_input_alone(int kind) { return !from_output_alone(kind) && kind != OPSIG_ELU; }

// What the pass that an operation goes on with reads, at element i of the primal and place `at` of a vector's.
template <class T>
struct FollowingOperands {
  T x = 0, y = 0, cotangent = 0, second = 0, before = 0;
  FollowingOperands() = default;
  OPSIG_DEVICE FollowingOperands(const Arguments& then, int64_t i, int64_t at) {
    if (then.pass == OPSIG_FORWARD_PASS) return;
    const Pointers<T> p(then);
    if (!from_output_alone(then.kind)) x = p.x[i];
    if (!from_input_alone(then.kind)) y = p.y[i];
    if (then.accumulate) before = p.out[at];
    if (then.pass == OPSIG_FIRST_ORDER_PASS) return;
    cotangent = p.cotangent[i];
    second = p.second[at];
  }
};

// What it makes of the operation's result.
template <class T>
OPSIG_DEVICE T followed(const Arguments& then, const FollowingOperands<T>& o, T result) {
  const T parameter = static_cast<T>(then.parameter);
  if (then.pass == OPSIG_FORWARD_PASS) return value(then.kind, parameter, result);
  const T first_order = o.before + first_derivative(then.kind, parameter, o.x, o.y) * result;
  return then.pass == OPSIG_FIRST_ORDER_PASS
             ? first_order
             : first_order + second_derivative(then.kind, parameter, o.x, o.y) * o.cotangent * o.second;
}

}  // namespace opsig::activation
