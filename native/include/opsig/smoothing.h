// Label smoothing (Szegedy et al. 2016): what it adds to a cross-entropy. With targets (1 - a) onehot + a / C the loss
// is l + a (z_target - mean of z), so that gradient and loss change by terms linear in z, and the Hessian not at all.
#ifndef OPSIG_SMOOTHING_H
#define OPSIG_SMOOTHING_H

#include "opsig/opsig.h"

// Outputs z are [N, C], targets int64 [N].
//   label_smoothing_forward   losses[n] += smoothing (z_target - mean of z)
//   label_smoothing_gradient  out[n, c] += weight smoothing ([c is the target] - 1 / C)
typedef struct opsig_label_smoothing_arguments {
  int32_t precision;
  int32_t reserved;
  int64_t samples;
  int64_t classes;
  double smoothing;
  double weight;
  const void* outputs;
  const int64_t* targets;
  double* losses;
  void* out;
} opsig_label_smoothing_arguments;

#endif  // OPSIG_SMOOTHING_H
