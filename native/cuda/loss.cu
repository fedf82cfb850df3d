// A warp per sample, whose lanes share the outputs; sums and exponentials in float64, which is nothing beside the
// network.
// Loops with an exponential are not unrolled: that would take registers and gain nothing.
#include "opsig/loss.h"

#include "kernel.cuh"
#include "math/functions.h"

namespace {

using namespace opsig;
using Arguments = opsig_loss_arguments;

// Calls body(sample, lane); the whole warp takes the same sample.
template <class Body>
OPSIG_DEVICE void over_samples(const Arguments& a, const Body& body) {
  const int64_t warps = static_cast<int64_t>(gridDim.x) * blockDim.x / kWarp;
  for (int64_t n = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / kWarp; n < a.samples; n += warps)
    body(n, static_cast<int>(threadIdx.x) % kWarp);
}

template <class T>
OPSIG_DEVICE const T* row(const void* data, int64_t n, int64_t classes) {
  return static_cast<const T*>(data) + n * classes;
}

struct Largest {
  double value;
  int64_t index;
};

// The largest of a row and its first position; a NaN is passed over, as std::max_element passes over one that is not
// first.
template <class T>
OPSIG_DEVICE Largest largest(const T* values, int64_t count, int lane) {
  Largest best{0, -1};
  for (int64_t c = lane; c < count; c += kWarp) {
    const double value = static_cast<double>(values[c]);
    if (best.index < 0 || value > best.value) best = {value, c};
  }
  for (int other = kWarp / 2; other > 0; other /= 2) {
    const double value = __shfl_xor_sync(0xffffffffu, best.value, other);
    const int64_t index = __shfl_xor_sync(0xffffffffu, best.index, other);
    if (index >= 0 && (best.index < 0 || value > best.value || (value == best.value && index < best.index)))
      best = {value, index};
  }
  return best;
}

// p_c = exp(z_c - top) / sum, with the reciprocal of the sum.
struct Softmax {
  double top, sum, scale;
  template <class T>
  OPSIG_DEVICE Softmax(const T* z, int64_t classes, int lane) : top(largest(z, classes, lane).value), sum(0) {
#pragma unroll 1
    for (int64_t c = lane; c < classes; c += kWarp) sum += exp_of(static_cast<double>(z[c]) - top);
    sum = warp_sum(sum);
    scale = 1 / sum;
  }
  template <class T>
  OPSIG_DEVICE double operator()(T z) const {
    return exp_of(static_cast<double>(z) - top) * scale;
  }
};

template <class T>
OPSIG_DEVICE void cross_entropy_forward(const Arguments& a) {
  const int64_t* targets = static_cast<const int64_t*>(a.targets);
  over_samples(a, [&](int64_t n, int lane) {
    const T* z = row<T>(a.outputs, n, a.classes);
    const Softmax p(z, a.classes, lane);
    const Largest top = largest(z, a.classes, lane);
    if (lane == 0) {
      a.losses[n] = log_of(p.sum) + p.top - static_cast<double>(z[targets[n]]);
      if (a.correct) a.correct[n] = top.index == targets[n];
    }
  });
}

template <class T>
OPSIG_DEVICE void cross_entropy_gradient(const Arguments& a) {
  const int64_t* targets = static_cast<const int64_t*>(a.targets);
  over_samples(a, [&](int64_t n, int lane) {
    const T* z = row<T>(a.outputs, n, a.classes);
    T* out = static_cast<T*>(a.out) + n * a.classes;
    const Softmax p(z, a.classes, lane);
    for (int64_t c = lane; c < a.classes; c += kWarp)
      out[c] = static_cast<T>(a.weight * (p(z[c]) - (c == targets[n] ? 1.0 : 0.0)));
  });
}

// <p, u> of one sample, in every lane.
template <class T>
OPSIG_DEVICE double mean_of(const Softmax& p, const T* z, const T* u, int64_t classes, int lane) {
  double mean = 0;
#pragma unroll 1
  for (int64_t c = lane; c < classes; c += kWarp) mean += p(z[c]) * static_cast<double>(u[c]);
  return warp_sum(mean);
}

template <class T>
OPSIG_DEVICE void cross_entropy_hessian_product(const Arguments& a) {
  over_samples(a, [&](int64_t n, int lane) {
    const T* z = row<T>(a.outputs, n, a.classes);
    const Softmax p(z, a.classes, lane);
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T* u = row<T>(a.tangents, j * a.samples + n, a.classes);
      T* out = static_cast<T*>(a.out) + (j * a.samples + n) * a.classes;
      const double mean = mean_of(p, z, u, a.classes, lane);
#pragma unroll 1
      for (int64_t c = lane; c < a.classes; c += kWarp)
        out[c] = static_cast<T>(a.weight * p(z[c]) * (static_cast<double>(u[c]) - mean));
    }
  });
}

// curvatures[j, n] without what was there before, which lies on the host.
template <class T>
OPSIG_DEVICE void cross_entropy_curvature(const Arguments& a) {
  over_samples(a, [&](int64_t n, int lane) {
    const T* z = row<T>(a.outputs, n, a.classes);
    const Softmax p(z, a.classes, lane);
#pragma unroll 1
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T* u = row<T>(a.tangents, j * a.samples + n, a.classes);
      const double mean = mean_of(p, z, u, a.classes, lane);
      double variance = 0;
#pragma unroll 1
      for (int64_t c = lane; c < a.classes; c += kWarp) {
        const double distance = static_cast<double>(u[c]) - mean;
        variance += p(z[c]) * distance * distance;
      }
      variance = warp_sum(variance);
      if (lane == 0) a.curvatures[j * a.curvature_vector_stride + n] = variance;
    }
  });
}

template <class T>
OPSIG_DEVICE void squared_error_forward(const Arguments& a) {
  over_samples(a, [&](int64_t n, int lane) {
    const T *z = row<T>(a.outputs, n, a.classes), *t = row<T>(a.targets, n, a.classes);
    double sum = 0;
    for (int64_t c = lane; c < a.classes; c += kWarp) {
      const double difference = static_cast<double>(z[c]) - static_cast<double>(t[c]);
      sum += difference * difference;
    }
    sum = warp_sum(sum);
    const int64_t guess = largest(z, a.classes, lane).index, truth = largest(t, a.classes, lane).index;
    if (lane == 0) {
      a.losses[n] = 0.5 * sum;
      if (a.correct && a.classes > 1) a.correct[n] = guess == truth;
    }
  });
}

template <class T>
OPSIG_DEVICE void squared_error_gradient(const Arguments& a) {
  const T weight = static_cast<T>(a.weight);
  const T *z = static_cast<const T*>(a.outputs), *t = static_cast<const T*>(a.targets);
  T* out = static_cast<T*>(a.out);
  over_elements<4>(a.samples * a.classes, [&](int64_t i) { out[i] = weight * (z[i] - t[i]); });
}

template <class T>
OPSIG_DEVICE void squared_error_hessian_product(const Arguments& a) {
  const T weight = static_cast<T>(a.weight);
  const T* u = static_cast<const T*>(a.tangents);
  T* out = static_cast<T*>(a.out);
  over_elements<4>(a.vectors * a.samples * a.classes, [&](int64_t i) { out[i] = weight * u[i]; });
}

template <class T>
OPSIG_DEVICE void squared_error_curvature(const Arguments& a) {
  over_samples(a, [&](int64_t n, int lane) {
    for (int64_t j = 0; j < a.vectors; ++j) {
      const T* u = row<T>(a.tangents, j * a.samples + n, a.classes);
      double sum = 0;
      for (int64_t c = lane; c < a.classes; c += kWarp) sum += static_cast<double>(u[c]) * static_cast<double>(u[c]);
      sum = warp_sum(sum);
      if (lane == 0) a.curvatures[j * a.curvature_vector_stride + n] = sum;
    }
  });
}

}  // namespace

OPSIG_KERNELS(cross_entropy_forward, 256, (opsig_loss_arguments a), (a))
OPSIG_KERNELS(cross_entropy_gradient, 256, (opsig_loss_arguments a), (a))
OPSIG_KERNELS(cross_entropy_hessian_product, 256, (opsig_loss_arguments a), (a))
OPSIG_KERNELS(cross_entropy_curvature, 256, (opsig_loss_arguments a), (a))
OPSIG_KERNELS(squared_error_forward, 256, (opsig_loss_arguments a), (a))
OPSIG_KERNELS(squared_error_gradient, 256, (opsig_loss_arguments a), (a))
OPSIG_KERNELS(squared_error_hessian_product, 256, (opsig_loss_arguments a), (a))
OPSIG_KERNELS(squared_error_curvature, 256, (opsig_loss_arguments a), (a))
