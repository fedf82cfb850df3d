// Scaled dot-product attention of a sequence with itself (Vaswani et al. 2017), between the projections; and its four
// passes.
//
// Letters: T positions, h heads of width d. For one head of one sample, with Q, K, V [T, d]:
//   S = Q K^T / sqrt(d);  P = softmax of the rows of S, over positions up to the row's own where causal;  O = P V
// With dots for tangents, ^ for cotangents, * elementwise and <.> the sum of a row:
//   tangent            S' = (Q' K^T + Q K'^T) / sqrt(d);  P' = P * (S' - <P * S'>);  O' = P' V + P V'
//   backward           P^ = O^ V^T;  S^ = P * (P^ - <P * P^>);  V^ = P^T O^;  Q^ = S^ K / sqrt(d);  K^ = S^^T Q /
//                      sqrt(d)
//   tangent_backward   the derivative of backward along (Q', K', V', O^'):
//                      P^' = O^' V^T + O^ V'^T;  S^' = P' * (P^ - <P * P^>) + P * (P^' - <P' * P^ + P * P^'>)
//                      V^' = P'^T O^ + P^T O^';  Q^' = (S^' K + S^ K') / sqrt(d);  K^' = (S^'^T Q + S^^T Q') / sqrt(d)
//   second_order       P'' = P * (w - <P * w>), w = (S' - <P * S'>)^2 + S'',  S'' = 2 Q' K'^T / sqrt(d)
//                      O'' = P'' V + 2 P' V'
// Rows of P are complete within a tile of rows, so that no more than a tile of it is ever stored, and nothing is
// cached.
#ifndef OPSIG_ATTENTION_H
#define OPSIG_ATTENTION_H

#include "opsig/opsig.h"

// qkv is [N, T, 3, h, d]: queries, keys and values of a position side by side; O is [N, T, h, d].
//   attention_forward           out = O
//   attention_tangent           tangent = K tangents of qkv; out = O'
//   attention_backward          output_cotangent = K cotangents O^; out = [accumulate] cotangents of qkv
//   attention_tangent_backward  output_cotangent = K tangents of `cotangent`, which is shared
//   attention_second_order      out = O''
typedef struct opsig_attention_arguments {
  int32_t precision;
  int32_t causal;
  int32_t accumulate;
  int32_t reserved;
  int64_t vectors;
  int64_t samples;
  int64_t positions;
  int64_t heads;
  int64_t width;
  const void* qkv;
  const void* tangent;
  const void* cotangent;
  const void* output_cotangent;
  void* out;
} opsig_attention_arguments;

#endif  // OPSIG_ATTENTION_H
