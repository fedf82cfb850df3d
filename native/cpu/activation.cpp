// Elementwise, so bound by memory: 2 to 5 arrays are streamed once each. The derivative of an element is computed once
// and used for all K vectors.
#include "activation_pass.h"
#include "math/activation.h"
#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;

// Elements that one thread takes at a time; their derivatives stay in L1 while the vectors pass.
constexpr int64_t kBlock = 2048;

// Calls body(first element, one past the last) over blocks, in parallel where that pays.
template <class Body>
void over_blocks(const opsig_activation_arguments& a, Body body) {
#pragma omp parallel for if (a.count * a.vectors > kParallelElements)
  for (int64_t begin = 0; begin < a.count; begin += kBlock)
    body(begin, begin + kBlock < a.count ? begin + kBlock : a.count);
}

template <class T>
struct Pointers {
  const T *x, *y, *first, *second, *cotangent;
  T* out;
  explicit Pointers(const opsig_activation_arguments& a)
      : x(static_cast<const T*>(a.x)),
        y(static_cast<const T*>(a.y)),
        first(static_cast<const T*>(a.first)),
        second(static_cast<const T*>(a.second)),
        cotangent(static_cast<const T*>(a.cotangent)),
        out(static_cast<T*>(a.out)) {}
};

template <class T, class Phi>
void forward(const opsig_activation_arguments& a, Phi phi) {
  const Pointers<T> p(a);
  over_blocks(a, [&](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) p.out[i] = phi.value(p.x[i]);
  });
}

// out = [accumulate] out + φ'(x) first
template <class T, class Phi>
void first_order(const opsig_activation_arguments& a, Phi phi) {
  const Pointers<T> p(a);
  over_blocks(a, [&](int64_t begin, int64_t end) {
    T slope[kBlock];
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) slope[i - begin] = phi.first(p.x[i], p.y[i]);
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T* in = p.first + j * a.count;
      T* out = p.out + j * a.count;
      if (a.accumulate)
        for (int64_t i = begin; i < end; ++i) out[i] += slope[i - begin] * in[i];
      else
        for (int64_t i = begin; i < end; ++i) out[i] = slope[i - begin] * in[i];
    }
  });
}

template <class T, class Phi>
void tangent_backward(const opsig_activation_arguments& a, Phi phi) {
  if (Phi::kPiecewiseLinear || a.second == nullptr) {
    first_order<T>(a, phi);
    return;
  }
  const Pointers<T> p(a);
  over_blocks(a, [&](int64_t begin, int64_t end) {
    T slope[kBlock], bend[kBlock];
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) {
      slope[i - begin] = phi.first(p.x[i], p.y[i]);
      bend[i - begin] = phi.second(p.x[i], p.y[i]) * p.cotangent[i];
    }
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T *in = p.first + j * a.count, *tangent = p.second + j * a.count;
      T* out = p.out + j * a.count;
      if (a.accumulate)
        for (int64_t i = begin; i < end; ++i) out[i] += slope[i - begin] * in[i] + bend[i - begin] * tangent[i];
      else
        for (int64_t i = begin; i < end; ++i) out[i] = slope[i - begin] * in[i] + bend[i - begin] * tangent[i];
    }
  });
}

template <class T, class Phi>
void second_order(const opsig_activation_arguments& a, Phi phi) {
  const Pointers<T> p(a);
  over_blocks(a, [&](int64_t begin, int64_t end) {
    T bend[kBlock];
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) bend[i - begin] = phi.second(p.x[i], p.y[i]);
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T* in = p.first + j * a.count;
      T* out = p.out + j * a.count;
      for (int64_t i = begin; i < end; ++i) out[i] = bend[i - begin] * in[i] * in[i];
    }
  });
}

// Calls body(phi) with the formulas of the wanted kind in the wanted precision.
template <class Body>
void with_activation(const opsig_activation_arguments& a, Body&& body) {
  with_precision(a.precision, [&](auto zero) {
    using T = decltype(zero);
    using namespace activation;
    const T parameter = static_cast<T>(a.parameter);
    switch (a.kind) {
      case OPSIG_RELU:
        return body(zero, Relu<T>{});
      case OPSIG_TANH:
        return body(zero, Tanh<T>{});
      case OPSIG_GELU:
        return body(zero, Gelu<T>{});
      case OPSIG_GELU_TANH:
        return body(zero, GeluTanh<T>{});
      case OPSIG_SILU:
        return body(zero, Silu<T>{});
      case OPSIG_ELU:
        return body(zero, Elu<T>{parameter});
      case OPSIG_SOFTPLUS:
        return body(zero, Softplus<T>{});
      case OPSIG_SIGMOID:
        return body(zero, Sigmoid<T>{});
      case OPSIG_HARDTANH:
        return body(zero, Hardtanh<T>{});
      case OPSIG_LEAKY_RELU:
        return body(zero, LeakyRelu<T>{parameter});
      default:
        throw InvalidArgument(formatted("unknown activation %d", a.kind));
    }
  });
}

void run_forward(const opsig_activation_arguments& a) {
  with_activation(a, [&](auto zero, auto phi) { forward<decltype(zero)>(a, phi); });
}

void run_first_order(const opsig_activation_arguments& a) {
  with_activation(a, [&](auto zero, auto phi) { first_order<decltype(zero)>(a, phi); });
}

void run_tangent_backward(const opsig_activation_arguments& a) {
  with_activation(a, [&](auto zero, auto phi) { tangent_backward<decltype(zero)>(a, phi); });
}

}  // namespace

void opsig::go_on(const opsig_activation_arguments& then, bool accumulates) {
  require(then.pass == OPSIG_NO_PASS || !accumulates, "an operation that adds to what was there goes on with nothing");
  switch (then.pass) {
    case OPSIG_NO_PASS:
      return;
    case OPSIG_FORWARD_PASS:
      return run_forward(then);
    case OPSIG_FIRST_ORDER_PASS:
      return run_first_order(then);
    case OPSIG_TANGENT_BACKWARD_PASS:
      return run_tangent_backward(then);
    default:
      throw InvalidArgument(formatted("unknown pass %d of an activation", then.pass));
  }
}

OPSIG_OPERATION(activation_forward, opsig_activation_arguments) { run_forward(arguments); }

OPSIG_OPERATION(activation_first_order, opsig_activation_arguments) { run_first_order(arguments); }

OPSIG_OPERATION(activation_tangent_backward, opsig_activation_arguments) { run_tangent_backward(arguments); }

OPSIG_OPERATION(activation_second_order, opsig_activation_arguments) {
  with_activation(arguments, [&](auto zero, auto phi) { second_order<decltype(zero)>(arguments, phi); });
}
