// Pooling of channels-last images [N, H, W, C] to [N, OH, OW, C]. Every pass is linear in its `in`, given the primal.
#ifndef OPSIG_POOLING_H
#define OPSIG_POOLING_H

#include "opsig/opsig.h"

// max_pool_forward   out = maximum of each window; `winner` [N, OH, OW, C] keeps which element won (kh * kernel + kw),
//                    the first one among equals, as PyTorch does.
// max_pool_tangent   out_j = the winner's element of in_j
// max_pool_backward  out_j = [accumulate] the cotangent in_j at the winner's element
// average_pool_*     the same for the mean over kernel * kernel elements, padding counted; `winner` is null.
// `count` is K * N for the passes that take vectors; winners repeat every `samples`.
typedef struct opsig_pooling_arguments {
  int32_t precision;
  int32_t accumulate;
  int64_t count;
  int64_t samples;
  int32_t height;
  int32_t width;
  int32_t channels;
  int32_t out_height;
  int32_t out_width;
  int32_t kernel_height;
  int32_t kernel_width;
  int32_t stride;
  int32_t padding;
  int32_t reserved;
  const void* in;
  uint8_t* winner;
  void* out;
} opsig_pooling_arguments;

#endif  // OPSIG_POOLING_H
