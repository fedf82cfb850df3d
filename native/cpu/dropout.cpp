// The mask is hashed anew in every pass: some eight integer operations an element, where reading a stored one would
// take the memory's time.
#include "opsig/dropout.h"

#include "math/dropout.h"
#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;

template <class T, bool kAccumulate>
void drop(const opsig_dropout_arguments& a) {
  const int64_t size = a.samples * a.features;
  const uint64_t first = static_cast<uint64_t>(a.first_sample) * static_cast<uint64_t>(a.features);
  const T scale = static_cast<T>(1.0 / (1.0 - a.rate));
  for (int64_t j = 0; j < a.vectors; ++j) {
    const T* in = static_cast<const T*>(a.in) + j * size;
    T* out = static_cast<T*>(a.out) + j * size;
#pragma omp parallel for simd if (size > kParallelElements)
    for (int64_t i = 0; i < size; ++i) {
      const T value = is_kept(a.seed, first + static_cast<uint64_t>(i), a.rate) ? in[i] * scale : T(0);
      out[i] = kAccumulate ? out[i] + value : value;
    }
  }
}

}  // namespace

OPSIG_OPERATION(dropout, opsig_dropout_arguments) {
  const auto& a = arguments;
  require(a.vectors >= 1 && a.samples >= 1 && a.features >= 1 && a.first_sample >= 0, "extents must be positive");
  require(a.rate >= 0 && a.rate < 1, "the rate must be at least 0 and below 1");
  with_precision(a.precision, [&](auto zero) {
    using T = decltype(zero);
    a.accumulate ? drop<T, true>(a) : drop<T, false>(a);
  });
}
