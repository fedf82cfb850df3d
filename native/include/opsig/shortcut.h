// The shortcut without parameters of a residual block that halves the image and widens the channels (option A of He et
// al. 2016): every stride-th pixel, with channels of zeros around its own.
#ifndef OPSIG_SHORTCUT_H
#define OPSIG_SHORTCUT_H

#include "opsig/opsig.h"

// padded_shortcut_forward   out[n, oh, ow, before + c] = in[n, oh stride, ow stride, c], and zero in all other
//                           channels; linear, so its tangent too
// padded_shortcut_backward  the transpose, out [n, H, W, C] = [accumulate] from in [n, OH, OW, OC]
// H, W, C are the extents of the shortcut's input and OH, OW, OC of its output, in both; `count` is K * N.
typedef struct opsig_padded_shortcut_arguments {
  int32_t precision;
  int32_t accumulate;
  int64_t count;
  int32_t height;
  int32_t width;
  int32_t channels;
  int32_t out_height;
  int32_t out_width;
  int32_t out_channels;
  int32_t stride;
  int32_t before;
  const void* in;
  void* out;
} opsig_padded_shortcut_arguments;

#endif  // OPSIG_SHORTCUT_H
