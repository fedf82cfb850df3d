// Normalisation to mean 0 and variance 1, then an affine map of every channel; and its four passes.
//
// x is [M, R, C]: M matrices of R rows and C channels. The channels of a matrix are cut into G groups of C/G, and the
// m = R C/G elements of a group share their statistics:
//   group norm   M = N, R = H W, G groups               (Wu and He 2018)
//   layer norm   M = rows (samples or positions), R = 1, G = 1   (Ba, Kiros and Hinton 2016)
//   batch norm   M = 1, R = N H W, G = C                (Ioffe and Szegedy 2015)
//
// With <.> the mean over a group, s = 1/sqrt(<(x - <x>)^2> + epsilon) and h = (x - <x>) s, the derivative of h along a
// tangent of x is exact for every epsilon:
//   tangent of h = s (tangent of x - a - b h),  a = <tangent of x>,  b = <h tangent of x>,  and that of s is -s^2 b.
// All passes follow from it; with g = weight * cotangent and dots for tangents:
//   forward            y   = weight h + bias
//   tangent            y'  = weight h' + weight' h + bias'
//   backward           x^  = s (g - <g> - h <h g>);  weight^ += sum of cotangent h;  bias^ += sum of cotangent
//   tangent_backward   x^' = s (g' - <g'> - h <h g'> - h' <h g> - h <h' g>) - s b x^,  g' = weight cotangent' + weight'
//                      cotangent weight^' += sum of (cotangent' h + cotangent h');  bias^' += sum of cotangent'
//   second_order       y'' = weight h'' + 2 weight' h',  h'' = -s (2 b h' + h <h' x'>)
// where the sums run over everything that shares a channel. With fixed statistics (batch norm in evaluation mode) every
// mean <.> of a derivative is zero.
#ifndef OPSIG_NORMALIZATION_H
#define OPSIG_NORMALIZATION_H

#include "opsig/activation.h"

// A tensor of K vectors is [K, M, R, C]; parameters and their cotangents are [C], with `parameter_stride` between
// vectors.
//   normalization_forward           reads x, weight, bias; writes statistics (reads them if fixed) and out = y
//   normalization_tangent           out = y'; input_tangent may be null (zero)
//   normalization_backward          output_cotangent = K cotangents of y; out = [accumulate] x^, null if nobody wants
//                                   it
//   normalization_tangent_backward  output_cotangent = K tangents of `cotangent` [M, R, C], which is shared and is not
//                                   read where input_tangent is null; then nobody wants x^' either, and out is null
//   normalization_second_order      out = y''; input_tangent must exist
// weight_cotangent and bias_cotangent are added to, unless null; a weight_tangent or bias_tangent of null is zero.
// `out` may be `output_cotangent`. The first two go on with `then`, as a product does (opsig/products.h).
typedef struct opsig_normalization_arguments {
  int32_t precision;
  int32_t accumulate;
  int32_t fixed_statistics;
  int32_t reserved;
  double epsilon;
  int64_t vectors;
  int64_t matrices;
  int64_t rows;
  int64_t channels;
  int64_t groups;
  int64_t parameter_stride;
  const void* x;
  double* statistics;  // [M, G, 2]: mean and s
  const void* weight;
  const void* bias;
  const void* weight_tangent;
  const void* bias_tangent;
  const void* input_tangent;
  const void* cotangent;
  const void* output_cotangent;
  void* out;
  void* weight_cotangent;
  void* bias_cotangent;
  opsig_activation_arguments then;
} opsig_normalization_arguments;

#endif  // OPSIG_NORMALIZATION_H
