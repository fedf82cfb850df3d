// Convolutions of 3 x 3 taps and stride one by Winograd's F(4 x 4, 3 x 3): 36 products for 16 outputs of a channel
// where the definition takes 144. For a tile of 6 x 6 inputs x and 4 x 4 outputs y, by channels c and o:
//   forward         y_o = A^T [ sum_c U_co . V_c ] A        U = G w G^T,  V = B^T x B
//   backward data   the forward convolution of the cotangent with the filter turned by half a turn
//   backward weights  w_co += G^T [ sum over tiles of V_c . Z_o ] G        Z = A y A^T
// The sums over channels or tiles are 36 matrix products, one per position of the transformed tile.
#pragma once

#include "opsig/convolution.h"

namespace opsig {

// Whether the arguments are a float32 convolution that this way takes, and that is faster so.
bool winograd_pays(const opsig_convolution_arguments& arguments);

// The most bytes of working memory that a pass with two terms takes.
int64_t winograd_scratch(const opsig_convolution_shape& shape);

// The three passes of opsig/convolution.h. Both terms are summed before they are transformed back. Every vector is
// computed as it would be alone.
void winograd_forward(const opsig_convolution_arguments& arguments);
void winograd_backward_data(const opsig_convolution_arguments& arguments);
void winograd_backward_weights(const opsig_convolution_arguments& arguments);

}  // namespace opsig
