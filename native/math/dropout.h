// The mask of dropout.
#pragma once

#include <cstdint>

#include "math/functions.h"

namespace opsig {

// Uniform 64 bits for (seed, index): the finaliser of SplitMix64 (Steele, Lea and Flood 2014) over a counter that steps
// by the golden ratio's odd constant.
OPSIG_FUNCTION uint64_t hashed(uint64_t seed, uint64_t index) {
  uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// Whether an element is kept where a share `rate` in [0, 1) is dropped: its 53 leading bits as a number in [0, 1) reach
// the rate.
OPSIG_FUNCTION bool is_kept(uint64_t seed, uint64_t index, double rate) {
  return static_cast<double>(hashed(seed, index) >> 11) * 0x1p-53 >= rate;
}

}  // namespace opsig
