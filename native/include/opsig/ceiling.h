// What a device can do at most: nothing but multiply-adds in registers.
#ifndef OPSIG_CEILING_H
#define OPSIG_CEILING_H

#include "opsig/opsig.h"

#define OPSIG_CEILING_CHAINS 8

// out[i] = sum over 8 chains c of what is left of the start value s = (i % 32) + c after `rounds` times s = s / 2 + 1,
// which is 2 + (s - 2) / 2^rounds. A round of an element is 8 multiply-adds, none of which waits for another.
typedef struct opsig_ceiling_arguments {
  int32_t precision;
  int32_t reserved;
  int64_t count;
  int64_t rounds;
  void* out;
} opsig_ceiling_arguments;

#endif  // OPSIG_CEILING_H
