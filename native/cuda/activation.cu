// Elementwise, so bound by memory: 2 to 5 arrays are streamed once each. The derivative of an element is computed once
// and used for all K vectors.
#include "opsig/activation.h"

#include "kernel.cuh"
#include "math/activation.h"

namespace {

using namespace opsig;
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
OPSIG_DEVICE void with_activation(const Arguments& a, const Body& body) {
  using namespace activation;
  const T parameter = static_cast<T>(a.parameter);
  switch (a.kind) {
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

template <class T>
OPSIG_DEVICE void activation_forward(const Arguments& a) {
  const Pointers<T> p(a);
  with_activation<T>(a, [&](auto phi) { over_elements(a.count, [&](int64_t i) { p.out[i] = phi.value(p.x[i]); }); });
}

// out = [accumulate] out + φ'(x) first: the tangent and backward passes.
template <class T>
OPSIG_DEVICE void activation_first_order(const Arguments& a) {
  const Pointers<T> p(a);
  with_activation<T>(a, [&](auto phi) {
    over_elements(a.count, [&](int64_t i) {
      const T slope = phi.first(p.x[i], p.y[i]);
      for (int64_t at = i; at < a.vectors * a.count; at += a.count)
        p.out[at] = (a.accumulate ? p.out[at] : T(0)) + slope * p.first[at];
    });
  });
}

template <class T>
OPSIG_DEVICE void activation_tangent_backward(const Arguments& a) {
  const Pointers<T> p(a);
  with_activation<T>(a, [&](auto phi) {
    over_elements(a.count, [&](int64_t i) {
      const T slope = phi.first(p.x[i], p.y[i]), bend = phi.second(p.x[i], p.y[i]) * p.cotangent[i];
      for (int64_t at = i; at < a.vectors * a.count; at += a.count)
        p.out[at] = (a.accumulate ? p.out[at] : T(0)) + slope * p.first[at] + bend * p.second[at];
    });
  });
}

template <class T>
OPSIG_DEVICE void activation_second_order(const Arguments& a) {
  const Pointers<T> p(a);
  with_activation<T>(a, [&](auto phi) {
    over_elements(a.count, [&](int64_t i) {
      const T bend = phi.second(p.x[i], p.y[i]);
      for (int64_t at = i; at < a.vectors * a.count; at += a.count) p.out[at] = bend * p.first[at] * p.first[at];
    });
  });
}

}  // namespace

OPSIG_KERNELS(activation_forward, 256, (opsig_activation_arguments a), (a))
OPSIG_KERNELS(activation_first_order, 256, (opsig_activation_arguments a), (a))
OPSIG_KERNELS(activation_tangent_backward, 256, (opsig_activation_arguments a), (a))
OPSIG_KERNELS(activation_second_order, 256, (opsig_activation_arguments a), (a))
