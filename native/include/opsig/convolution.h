// Convolution of channels-last images [N, H, W, C] with PyTorch's weights [O, C/G, KH, KW]: the channels of input and
// output fall into G groups of neighbours, and an output channel sees the inputs of its own group. G = C is a
// depth-wise convolution.
#ifndef OPSIG_CONVOLUTION_H
#define OPSIG_CONVOLUTION_H

#include "opsig/activation.h"

typedef struct opsig_convolution_shape {
  int64_t samples;
  int32_t height;
  int32_t width;
  int32_t channels;
  int32_t out_height;
  int32_t out_width;
  int32_t out_channels;
  int32_t kernel_height;
  int32_t kernel_width;
  int32_t stride;
  int32_t padding;
  int32_t groups;
  int32_t reserved;
} opsig_convolution_shape;

// One tensor of a term for K vectors; a vector stride of zero shares it among them.
typedef struct opsig_vectors {
  void* data;
  int64_t vector_stride;
} opsig_vectors;

// Sums of one or two terms, each a convolution of an `image` (x for forward and weights, ȳ for backward) with a
// `filter` (weights; for the weight gradient the output's cotangent):
//   convolution_forward           out_j [N, OH, OW, O] = [accumulate] + sum_t image_tj * filter_tj + bias_j
//   convolution_backward_data     out_j [N, H, W, C]   = [accumulate] + sum_t (image_tj transposed convolution
//                                 filter_tj)
//   convolution_backward_weights  out_j [O, C/G, KH, KW] += sum_t correlation(image_tj, filter_tj), and
//                                 bias_j [O] += the sum of filter_0j over samples and positions
// bias may be null. The first two go on with `then`, as a product does (opsig/products.h).
typedef struct opsig_convolution_arguments {
  int32_t precision;
  int32_t terms;
  int32_t accumulate;
  int32_t vectors;
  opsig_convolution_shape shape;
  opsig_vectors image[2];
  opsig_vectors filter[2];
  opsig_vectors out;
  opsig_vectors bias;
  opsig_activation_arguments then;
} opsig_convolution_arguments;

// convolution_scratch: the most bytes of working memory that a pass of such a convolution keeps beside its arguments,
// whose tensors are not looked at.
typedef struct opsig_convolution_scratch_arguments {
  opsig_convolution_arguments convolution;
  int64_t* bytes;
} opsig_convolution_scratch_arguments;

#endif  // OPSIG_CONVOLUTION_H
