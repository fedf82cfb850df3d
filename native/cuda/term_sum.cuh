// A thread's sum of float32 terms, as good as in float64.
#pragma once

#include "kernel.cuh"

namespace opsig {

// In float64 a term takes two operations, a conversion and an addition, of which a multiprocessor of compute capability
// 8.6 or 8.9 does two per cycle. Memory brings it up to 1.7 numbers per cycle (RTX 3090), and a pass of
// normalization.cu has up to 5 terms to 4 of them: on boards of 8.6 the sums would take 1.2 to 2.1 times as long as
// reading does. (At 32 and 64 additions per cycle memory limits the A100 and H100.) So the terms are added in float32,
// and what each addition loses is added up beside: Sum2 of Ogita, Rump and Oishi 2005, 7 operations of 128 per cycle.
// The error of n terms is at most (n u)^2 of the sum of magnitudes, u = 2^-24: with 128 terms a thousandth of u.
template <class T>
class TermSum {
 public:
  OPSIG_DEVICE void operator+=(float term) {
    const float sum = sum_ + term, added = sum - sum_;
    lost_ += (sum_ - (sum - added)) + (term - added);
    sum_ = sum;
  }
  OPSIG_DEVICE double total() const { return static_cast<double>(sum_) + static_cast<double>(lost_); }

 private:
  float sum_ = 0, lost_ = 0;
};

template <>
class TermSum<double> {
 public:
  OPSIG_DEVICE void operator+=(double term) { sum_ += term; }
  OPSIG_DEVICE double total() const { return sum_; }

 private:
  double sum_ = 0;
};

}  // namespace opsig
