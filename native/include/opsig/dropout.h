// Dropout with a mask that is a function of (seed, sample, feature) alone: nothing is stored, and no pass, vector or
// micro-batch sees another mask.
#ifndef OPSIG_DROPOUT_H
#define OPSIG_DROPOUT_H

#include "opsig/opsig.h"

// out_j[n, f] = [accumulate] + m[first_sample + n, f] in_j[n, f] / (1 - rate), for K vectors of [N, F]; m is 0 with
// probability `rate`, below 1, and 1 otherwise. Linear and its own transpose: every pass is this operation. `in` may be
// `out`.
typedef struct opsig_dropout_arguments {
  int32_t precision;
  int32_t accumulate;
  int64_t vectors;
  int64_t samples;
  int64_t features;
  int64_t first_sample;
  uint64_t seed;
  double rate;
  const void* in;
  void* out;
} opsig_dropout_arguments;

#endif  // OPSIG_DROPOUT_H
