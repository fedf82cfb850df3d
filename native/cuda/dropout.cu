// The mask is hashed anew in every pass: some ten integer operations an element, where reading a stored one would take
// the memory's time.
#include "opsig/dropout.h"

#include "kernel.cuh"
#include "math/dropout.h"

namespace {

using namespace opsig;

template <class T>
OPSIG_DEVICE void dropout(const opsig_dropout_arguments& a) {
  const int64_t size = a.samples * a.features;
  const uint64_t first = static_cast<uint64_t>(a.first_sample) * static_cast<uint64_t>(a.features);
  const T scale = static_cast<T>(1.0 / (1.0 - a.rate));
  over_elements(size, [&](int64_t i) {
    const bool kept = is_kept(a.seed, first + static_cast<uint64_t>(i), a.rate);
    for (int64_t at = i; at < a.vectors * size; at += size) {
      const T value = kept ? static_cast<const T*>(a.in)[at] * scale : T(0);
      T* out = static_cast<T*>(a.out) + at;
      *out = a.accumulate ? *out + value : value;
    }
  });
}

}  // namespace

OPSIG_KERNELS(dropout, 256, (opsig_dropout_arguments a), (a))
