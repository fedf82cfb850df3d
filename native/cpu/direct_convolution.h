// Convolutions by their definition, one term of the passes of opsig/convolution.h for one vector; bias may be null.
#pragma once

#include "opsig/convolution.h"

namespace opsig {

// oneDNN's direct convolutions.
void direct_forward(const opsig_convolution_shape& s, bool accumulate, const float* image, const float* filter,
                    const float* bias, float* out);
void direct_backward_data(const opsig_convolution_shape& s, bool accumulate, const float* image, const float* filter,
                          float* out);
void direct_backward_weights(const opsig_convolution_shape& s, const float* image, const float* cotangent,
                             float* gradient, float* bias);

// Patches and our own product; oneDNN has no float64.
void direct_forward(const opsig_convolution_shape& s, bool accumulate, const double* image, const double* filter,
                    const double* bias, double* out);
void direct_backward_data(const opsig_convolution_shape& s, bool accumulate, const double* image, const double* filter,
                          double* out);
void direct_backward_weights(const opsig_convolution_shape& s, const double* image, const double* cotangent,
                             double* gradient, double* bias);

}  // namespace opsig
