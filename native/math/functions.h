// Scalar functions that every back end has, under one name for both precisions.
#pragma once

#include <cmath>

#if defined(__CUDACC__)
#define OPSIG_FUNCTION __host__ __device__ __forceinline__
#else
#define OPSIG_FUNCTION inline
#endif

// glibc's vector mathematics (libmvec, at most 4 units in the last place) is offered to the compiler only under
// -ffast-math; declared here, loops marked `omp simd` use it without giving up NaN and infinity.
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__CUDACC__)
#pragma omp declare simd notinbranch
extern "C" float tanhf(float) noexcept;
#pragma omp declare simd notinbranch
extern "C" double tanh(double) noexcept;
#pragma omp declare simd notinbranch
extern "C" float expf(float) noexcept;
#pragma omp declare simd notinbranch
extern "C" double exp(double) noexcept;
#pragma omp declare simd notinbranch
extern "C" float expm1f(float) noexcept;
#pragma omp declare simd notinbranch
extern "C" double expm1(double) noexcept;
#pragma omp declare simd notinbranch
extern "C" float log1pf(float) noexcept;
#pragma omp declare simd notinbranch
extern "C" double log1p(double) noexcept;
#pragma omp declare simd notinbranch
extern "C" float erff(float) noexcept;
#pragma omp declare simd notinbranch
extern "C" double erf(double) noexcept;
#endif

namespace opsig {

OPSIG_FUNCTION float tanh_of(float x) { return ::tanhf(x); }
OPSIG_FUNCTION double tanh_of(double x) { return ::tanh(x); }
OPSIG_FUNCTION float exp_of(float x) { return ::expf(x); }
OPSIG_FUNCTION double exp_of(double x) { return ::exp(x); }
OPSIG_FUNCTION float log_of(float x) { return ::logf(x); }
OPSIG_FUNCTION double log_of(double x) { return ::log(x); }
OPSIG_FUNCTION float expm1_of(float x) { return ::expm1f(x); }
OPSIG_FUNCTION double expm1_of(double x) { return ::expm1(x); }
OPSIG_FUNCTION float log1p_of(float x) { return ::log1pf(x); }
OPSIG_FUNCTION double log1p_of(double x) { return ::log1p(x); }
OPSIG_FUNCTION float erf_of(float x) { return ::erff(x); }
OPSIG_FUNCTION double erf_of(double x) { return ::erf(x); }

// 1 / (1 + e^-x); exp overflows to infinity on one side, which gives the right limit.
template <class T>
OPSIG_FUNCTION T logistic(T x) {
  return T(1) / (T(1) + exp_of(-x));
}

// Φ(x), the standard normal distribution function.
template <class T>
OPSIG_FUNCTION T normal_distribution(T x) {
  return T(0.5) * (T(1) + erf_of(x * T(0.7071067811865475244008443621048490)));
}

// φ(x), the standard normal density.
template <class T>
OPSIG_FUNCTION T normal_density(T x) {
  return T(0.3989422804014326779399460599343819) * exp_of(T(-0.5) * x * x);
}

}  // namespace opsig
