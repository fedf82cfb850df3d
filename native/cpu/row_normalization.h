// Normalisation of single rows (layer norm): statistics of each row over all of its channels. The formulas are those of
// normalization.cpp; a row fits the first-level cache, so that a pass reads every tensor once.
#pragma once

#include "opsig/normalization.h"

namespace opsig {

// Whether these passes apply: one group, one row in a matrix, statistics of its own.
inline bool normalizes_rows(const opsig_normalization_arguments& a) {
  return a.rows == 1 && a.groups == 1 && !a.fixed_statistics;
}

template <class T>
void row_normalization_forward(const opsig_normalization_arguments& a);
template <class T>
void row_normalization_tangent(const opsig_normalization_arguments& a);
template <class T>
void row_normalization_backward(const opsig_normalization_arguments& a);
template <class T>
void row_normalization_tangent_backward(const opsig_normalization_arguments& a);
template <class T>
void row_normalization_second_order(const opsig_normalization_arguments& a);

}  // namespace opsig
