// The pivoted Cholesky factorisation behind opsig_whitening_arguments, by a team of threads that share the matrices.
#pragma once

#include <cstdint>

#include "math/functions.h"
#include "opsig/vectors.h"

namespace opsig {

OPSIG_FUNCTION void swap_numbers(double& a, double& b) {
  const double kept = a;
  a = b;
  b = kept;
}

// G [n, n] becomes the scaled matrix and is eliminated; C [n, n] follows as the product of the steps: column j of C is
// the combination of vectors that stands at place j, so that C^T G C = the matrix that is left of the scaled G.
// `team.each(n, body)` calls body(i) for i < n, shared out among the threads, and waits for all of them, as does
// `team.wait()`; every thread runs the rest.
template <class Team>
OPSIG_FUNCTION void whiten(const Team& team, const opsig_whitening_arguments& a, double* g, double* c) {
  const int64_t n = a.count;
  team.each(n * n, [&](int64_t at) {
    const int64_t i = at / n, j = at % n;
    const double square = g[i * n + i], before = a.before == nullptr ? 1 : a.before[i * n + i];
    const bool lives = square > a.smallest_share * before && square < HUGE_VAL;
    c[at] = i == j && lives ? 1 / sqrt(square) : 0;
  });
  team.each(n * n, [&](int64_t at) {
    const double scale = c[at / n * n + at / n] * c[at % n * n + at % n];
    g[at] = scale > 0 ? g[at] * scale : 0;
  });
  int64_t kept = 0;
  for (; kept < n; ++kept) {
    int64_t pivot = kept;
    for (int64_t i = kept + 1; i < n; ++i)
      if (g[i * n + i] > g[pivot * n + pivot]) pivot = i;
    const double square = g[pivot * n + pivot];
    if (!(square > a.smallest_pivot)) break;
    // Every thread has found the pivot before anything moves.
    team.wait();
    team.each(n, [&](int64_t j) { swap_numbers(g[kept * n + j], g[pivot * n + j]); });
    team.each(n, [&](int64_t i) {
      swap_numbers(g[i * n + kept], g[i * n + pivot]);
      swap_numbers(c[i * n + kept], c[i * n + pivot]);
    });
    const double inverse = 1 / sqrt(square);
    team.each(n, [&](int64_t i) { c[i * n + kept] *= inverse; });
    team.each(n * (n - kept - 1), [&](int64_t at) {
      const int64_t i = at / (n - kept - 1), j = kept + 1 + at % (n - kept - 1);
      const double along = g[kept * n + j] * inverse;
      c[i * n + j] -= along * c[i * n + kept];
      if (i > kept) g[i * n + j] -= along * (g[i * n + kept] * inverse);
    });
  }
  team.each(n * n, [&](int64_t at) {
    if (at % n >= kept) c[at] = 0;
    a.coefficients[at] = c[at];
  });
  team.each(1, [&](int64_t) { *a.kept = static_cast<double>(kept); });
}

}  // namespace opsig
