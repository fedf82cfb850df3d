// Elementwise, so bound by memory: 2 to 5 arrays are streamed once each. The derivative of an element is computed once
// and used for all K vectors.
#include "activation.cuh"

namespace {

using namespace opsig;
using namespace opsig::activation;

template <class T>
OPSIG_DEVICE void activation_forward(const Arguments& a) {
  const Pointers<T> p(a);
  with_activation(a.kind, static_cast<T>(a.parameter), [&](auto phi) { over_elements(a.count, [&](int64_t i) { p.out[i] = phi.value(p.x[i]); }); });
}

// out = [accumulate] out + φ'(x) first: the tangent and backward passes.
template <class T>
OPSIG_DEVICE void activation_first_order(const Arguments& a) {
  const Pointers<T> p(a);
  with_activation(a.kind, static_cast<T>(a.parameter), [&](auto phi) {
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
  with_activation(a.kind, static_cast<T>(a.parameter), [&](auto phi) {
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
  with_activation(a.kind, static_cast<T>(a.parameter), [&](auto phi) {
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
