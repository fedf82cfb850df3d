// What an activation that follows an operation does to a result that a thread has by itself.
#pragma once

#include "activation.cuh"

namespace opsig {

// `at` is the result's place among those of all vectors, `primal` its number in the primal, which they share.
template <class T>
OPSIG_DEVICE void follow_element(const activation::Arguments& then, T* results, int64_t primal, int64_t at, T value) {
  const T followed = activation::followed(then, activation::FollowingOperands<T>(then, primal, at), value);
  if (results != then.out) results[at] = value;
  static_cast<T*>(then.out)[at] = followed;
}

}  // namespace opsig
