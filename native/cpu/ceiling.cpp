// Elements side by side in vector registers, each with its chains: as many multiply-adds under way as hide their
// latency.
#include "opsig/ceiling.h"

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;

template <class T>
void ceiling(const opsig_ceiling_arguments& a) {
  // A type of the compiler's rather than loops over lanes: the chains have to stay in registers.
  using Register = Lanes<T>;
  constexpr int kLanes = static_cast<int>(kRegisterLanes<T>);
  constexpr int kChains = OPSIG_CEILING_CHAINS;
  T* out = static_cast<T*>(a.out);
#pragma omp parallel for if (a.count * a.rounds > kParallelElements)
  for (int64_t begin = 0; begin < a.count; begin += kLanes) {
    T lanes[kLanes];
    for (int i = 0; i < kLanes; ++i) lanes[i] = static_cast<T>((begin + i) % 32);
    const Register first = load(lanes);
    Register state[kChains];
    for (int c = 0; c < kChains; ++c) state[c] = first + static_cast<T>(c);
    for (int64_t round = 0; round < a.rounds; ++round)
#pragma GCC unroll 8
      for (int c = 0; c < kChains; ++c) state[c] = state[c] * T(0.5) + T(1);
    Register sum = state[0];
    for (int c = 1; c < kChains; ++c) sum += state[c];
    for (int i = 0; i < kLanes && begin + i < a.count; ++i) out[begin + i] = sum[i];
  }
}

}  // namespace

OPSIG_OPERATION(ceiling, opsig_ceiling_arguments) {
  require(arguments.count >= 0 && arguments.rounds >= 0, "negative extent");
  with_precision(arguments.precision, [&](auto zero) { ceiling<decltype(zero)>(arguments); });
}
