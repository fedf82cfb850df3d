#include "opsig/loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "operation.h"
#include "parallel.h"

namespace {

using namespace opsig;
using Arguments = opsig_loss_arguments;

// Calls body(sample) in parallel where that pays; its exceptions come out here.
template <class Body>
void over_samples(const Arguments& a, Body body) {
  ParallelExceptions exceptions;
#pragma omp parallel for if (a.samples * a.classes * std::max<int64_t>(1, a.vectors) > kParallelElements / 4)
  for (int64_t n = 0; n < a.samples; ++n) exceptions.guard([&] { body(n); });
  exceptions.rethrow();
}

template <class T>
const T* row(const void* data, int64_t n, int64_t classes) {
  return static_cast<const T*>(data) + n * classes;
}

template <class T>
int64_t largest(const T* values, int64_t count) {
  return std::max_element(values, values + count) - values;
}

// Softmax in float64 whatever the precision: C exponentials per sample are nothing beside the network.
template <class T>
void softmax(const T* z, int64_t classes, double* p) {
  const double top = static_cast<double>(*std::max_element(z, z + classes));
  double sum = 0;
  for (int64_t c = 0; c < classes; ++c) sum += p[c] = std::exp(static_cast<double>(z[c]) - top);
  for (int64_t c = 0; c < classes; ++c) p[c] /= sum;
}

double* probabilities(int64_t classes) {
  thread_local std::vector<double> kept;
  if (static_cast<int64_t>(kept.size()) < classes) kept.resize(static_cast<size_t>(classes));
  return kept.data();
}

template <class T>
void cross_entropy_forward(const Arguments& a) {
  const int64_t* targets = static_cast<const int64_t*>(a.targets);
  over_samples(a, [&](int64_t n) {
    const T* z = row<T>(a.outputs, n, a.classes);
    const double top = static_cast<double>(*std::max_element(z, z + a.classes));
    double sum = 0;
    for (int64_t c = 0; c < a.classes; ++c) sum += std::exp(static_cast<double>(z[c]) - top);
    a.losses[n] = std::log(sum) + top - static_cast<double>(z[targets[n]]);
    if (a.correct) a.correct[n] = largest(z, a.classes) == targets[n];
  });
}

template <class T>
void cross_entropy_gradient(const Arguments& a) {
  const int64_t* targets = static_cast<const int64_t*>(a.targets);
  over_samples(a, [&](int64_t n) {
    double* p = probabilities(a.classes);
    softmax(row<T>(a.outputs, n, a.classes), a.classes, p);
    p[targets[n]] -= 1;
    T* out = static_cast<T*>(a.out) + n * a.classes;
    for (int64_t c = 0; c < a.classes; ++c) out[c] = static_cast<T>(a.weight * p[c]);
  });
}

template <class T>
void cross_entropy_hessian_product(const Arguments& a) {
  over_samples(a, [&](int64_t n) {
    double* p = probabilities(a.classes);
    softmax(row<T>(a.outputs, n, a.classes), a.classes, p);
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T* u = row<T>(a.tangents, j * a.samples + n, a.classes);
      T* out = static_cast<T*>(a.out) + (j * a.samples + n) * a.classes;
      double mean = 0;
      for (int64_t c = 0; c < a.classes; ++c) mean += p[c] * static_cast<double>(u[c]);
      for (int64_t c = 0; c < a.classes; ++c)
        out[c] = static_cast<T>(a.weight * p[c] * (static_cast<double>(u[c]) - mean));
    }
  });
}

template <class T>
void cross_entropy_curvature(const Arguments& a) {
  over_samples(a, [&](int64_t n) {
    double* p = probabilities(a.classes);
    softmax(row<T>(a.outputs, n, a.classes), a.classes, p);
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T* u = row<T>(a.tangents, j * a.samples + n, a.classes);
      double mean = 0, variance = 0;
      for (int64_t c = 0; c < a.classes; ++c) mean += p[c] * static_cast<double>(u[c]);
      for (int64_t c = 0; c < a.classes; ++c)
        variance += p[c] * (static_cast<double>(u[c]) - mean) * (static_cast<double>(u[c]) - mean);
      a.curvatures[j * a.curvature_vector_stride + n] += variance;
    }
  });
}

template <class T>
void squared_error_forward(const Arguments& a) {
  over_samples(a, [&](int64_t n) {
    const T *z = row<T>(a.outputs, n, a.classes), *t = row<T>(a.targets, n, a.classes);
    double sum = 0;
    for (int64_t c = 0; c < a.classes; ++c) {
      const double difference = static_cast<double>(z[c]) - static_cast<double>(t[c]);
      sum += difference * difference;
    }
    a.losses[n] = 0.5 * sum;
    if (a.correct && a.classes > 1) a.correct[n] = largest(z, a.classes) == largest(t, a.classes);
  });
}

template <class T>
void squared_error_gradient(const Arguments& a) {
  const T weight = static_cast<T>(a.weight);
  over_samples(a, [&](int64_t n) {
    const T *z = row<T>(a.outputs, n, a.classes), *t = row<T>(a.targets, n, a.classes);
    T* out = static_cast<T*>(a.out) + n * a.classes;
    for (int64_t c = 0; c < a.classes; ++c) out[c] = weight * (z[c] - t[c]);
  });
}

template <class T>
void squared_error_hessian_product(const Arguments& a) {
  const T weight = static_cast<T>(a.weight);
  const T* u = static_cast<const T*>(a.tangents);
  T* out = static_cast<T*>(a.out);
  for (int64_t i = 0; i < a.vectors * a.samples * a.classes; ++i) out[i] = weight * u[i];
}

template <class T>
void squared_error_curvature(const Arguments& a) {
  over_samples(a, [&](int64_t n) {
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T* u = row<T>(a.tangents, j * a.samples + n, a.classes);
      double sum = 0;
      for (int64_t c = 0; c < a.classes; ++c) sum += static_cast<double>(u[c]) * static_cast<double>(u[c]);
      a.curvatures[j * a.curvature_vector_stride + n] += sum;
    }
  });
}

// Targets are indices into rows of C numbers: a wrong one would read past them.
void check_targets(const Arguments& a) {
  require(a.classes >= 1 && a.samples >= 0, "a loss needs at least one output");
  const int64_t* targets = static_cast<const int64_t*>(a.targets);
  for (int64_t n = 0; n < a.samples; ++n)
    if (targets[n] < 0 || targets[n] >= a.classes)
      throw InvalidArgument(formatted("target %lld of sample %lld is not one of %lld classes",
                                      static_cast<long long>(targets[n]), static_cast<long long>(n),
                                      static_cast<long long>(a.classes)));
}

}  // namespace

OPSIG_OPERATION(cross_entropy_forward, opsig_loss_arguments) {
  check_targets(arguments);
  with_precision(arguments.precision, [&](auto zero) { cross_entropy_forward<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(cross_entropy_gradient, opsig_loss_arguments) {
  check_targets(arguments);
  with_precision(arguments.precision, [&](auto zero) { cross_entropy_gradient<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(cross_entropy_hessian_product, opsig_loss_arguments) {
  with_precision(arguments.precision, [&](auto zero) { cross_entropy_hessian_product<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(cross_entropy_curvature, opsig_loss_arguments) {
  with_precision(arguments.precision, [&](auto zero) { cross_entropy_curvature<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(squared_error_forward, opsig_loss_arguments) {
  with_precision(arguments.precision, [&](auto zero) { squared_error_forward<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(squared_error_gradient, opsig_loss_arguments) {
  with_precision(arguments.precision, [&](auto zero) { squared_error_gradient<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(squared_error_hessian_product, opsig_loss_arguments) {
  with_precision(arguments.precision, [&](auto zero) { squared_error_hessian_product<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(squared_error_curvature, opsig_loss_arguments) {
  with_precision(arguments.precision, [&](auto zero) { squared_error_curvature<decltype(zero)>(arguments); });
}
