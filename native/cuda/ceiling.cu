// A thread per element at a time: 8 chains of multiply-adds hide their latency with a few warps per scheduler.
#include "opsig/ceiling.h"

#include "kernel.cuh"

namespace {

using namespace opsig;

template <class T>
OPSIG_DEVICE void ceiling(const opsig_ceiling_arguments& a) {
  constexpr int kChains = OPSIG_CEILING_CHAINS;
  T* out = static_cast<T*>(a.out);
  over_elements(a.count, [&](int64_t i) {
    T state[kChains];
#pragma unroll
    for (int c = 0; c < kChains; ++c) state[c] = static_cast<T>(i % 32 + c);
#pragma unroll 8
    for (int64_t round = 0; round < a.rounds; ++round)
#pragma unroll
      for (int c = 0; c < kChains; ++c) state[c] = fma(state[c], T(0.5), T(1));
    T sum = 0;
#pragma unroll
    for (int c = 0; c < kChains; ++c) sum += state[c];
    out[i] = sum;
  });
}

}  // namespace

OPSIG_KERNELS(ceiling, 256, (opsig_ceiling_arguments a), (a))
