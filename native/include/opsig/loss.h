// Losses: one number per sample, with gradient and Hessian product in closed form. Outputs z are [N, C].
#ifndef OPSIG_LOSS_H
#define OPSIG_LOSS_H

#include "opsig/opsig.h"

// cross_entropy, targets int64 [N]:   l = log sum_c exp(z_c) - z_target
//   _forward           losses [N] (float64), correct [N] (1 where the largest output is the target's; may be null),
//                      both in the device's memory
//   _gradient          out = weight (p - onehot), p = softmax(z)
//   _hessian_product   out_j = weight (p * u_j - p <p, u_j>)
//   _curvature         curvatures[j, n] += <u_j, H u_j> of sample n, without the weight, in the host's memory
// squared_error, targets [N, C]:      l = 1/2 sum_c (z_c - t_c)^2
//   the same with gradient weight (z - t) and Hessian product weight u; `correct` compares the positions of the largest
//   output and the largest target, or is left alone when C = 1.
// `tangents` u and out are [K, N, C]; out may be u.
typedef struct opsig_loss_arguments {
  int32_t precision;
  int32_t vectors;
  int64_t samples;
  int64_t classes;
  double weight;
  const void* outputs;
  const void* targets;
  const void* tangents;
  void* out;
  double* losses;
  uint8_t* correct;
  double* curvatures;
  int64_t curvature_vector_stride;
} opsig_loss_arguments;

#endif  // OPSIG_LOSS_H
