// Blocks of long vectors: inner products and combinations. Both stream the longer block once; with P = 1e7 and 20 rows
// of float32 that is 800 MB, so memory bandwidth is the limit and the small block stays in cache tile by tile.
#include <algorithm>
#include <vector>

#include "math/whitening.h"
#include "operation.h"
#include "opsig/vectors.h"
#include "parallel.h"

namespace {

using namespace opsig;

// Elements of one partial sum. Fixed, so that the reduction tree depends on the length alone.
constexpr int64_t kBlock = 4096;

template <class T>
double block_dot(const T* a, const T* b, int64_t n) {
  // Independent chains hide the latency of the addition and give the vector units whole registers.
  constexpr int kChains = 32;
  double sums[kChains] = {};
  int64_t p = 0;
  for (; p + kChains <= n; p += kChains)
    for (int c = 0; c < kChains; ++c) sums[c] += static_cast<double>(a[p + c]) * static_cast<double>(b[p + c]);
  double tail = 0;
  for (; p < n; ++p) tail += static_cast<double>(a[p]) * static_cast<double>(b[p]);
  for (int width = kChains / 2; width > 0; width /= 2)
    for (int c = 0; c < width; ++c) sums[c] += sums[c + width];
  return sums[0] + tail;
}

// sums[pair] = sum over blocks of partial[block, pair], in their order.
void add_blocks(const std::vector<double>& partial, int64_t pairs, double* sums) {
  std::fill(sums, sums + pairs, 0.0);
  for (size_t at = 0; at < partial.size(); ++at) sums[static_cast<int64_t>(at) % pairs] += partial[at];
}

template <class T>
void inner_products(const opsig_inner_products_arguments& a) {
  const T* left = static_cast<const T*>(a.left);
  const T* right = static_cast<const T*>(a.right);
  const int64_t pairs = static_cast<int64_t>(a.left_count) * a.right_count;
  const int64_t blocks = (a.length + kBlock - 1) / kBlock;
  std::vector<double> partial(static_cast<size_t>(blocks * pairs));
#pragma omp parallel for if (a.length * pairs > kParallelElements)
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t begin = block * kBlock;
    const int64_t n = std::min(kBlock, a.length - begin);
    for (int i = 0; i < a.left_count; ++i)
      for (int j = 0; j < a.right_count; ++j)
        partial[static_cast<size_t>(block * pairs + static_cast<int64_t>(i) * a.right_count + j)] =
            block_dot(left + i * a.left_stride + begin, right + j * a.right_stride + begin, n);
  }
  add_blocks(partial, pairs, a.inner);
}

template <class T>
void combine(const opsig_combine_arguments& a) {
  const T* input = static_cast<const T*>(a.input);
  T* output = static_cast<T*>(a.output);
  const int64_t blocks = (a.length + kBlock - 1) / kBlock;
  const int64_t pairs = static_cast<int64_t>(a.output_count) * a.output_count;
  std::vector<double> partial(static_cast<size_t>(a.inner == nullptr ? 0 : blocks * pairs));
#pragma omp parallel for if (a.length * a.input_count * a.output_count > kParallelElements)
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t begin = block * kBlock;
    const int64_t n = std::min(kBlock, a.length - begin);
    double sums[kBlock];
    for (int j = 0; j < a.output_count; ++j) {
      T* out = output + j * a.output_stride + begin;
      if (a.scale == 0)
        std::fill(sums, sums + n, 0.0);
      else
        for (int64_t p = 0; p < n; ++p) sums[p] = a.scale * static_cast<double>(out[p]);
      for (int i = 0; i < a.input_count; ++i) {
        const double c = a.factor * a.coefficients[static_cast<int64_t>(i) * a.output_count + j];
        const T* in = input + i * a.input_stride + begin;
        for (int64_t p = 0; p < n; ++p) sums[p] += c * static_cast<double>(in[p]);
      }
      for (int64_t p = 0; p < n; ++p) out[p] = static_cast<T>(sums[p]);
    }
    // What was just written is still in the cache.
    for (int i = 0; !partial.empty() && i < a.output_count; ++i)
      for (int j = 0; j <= i; ++j) {
        double* at = partial.data() + block * pairs;
        at[i * a.output_count + j] = at[j * a.output_count + i] =
            block_dot(output + i * a.output_stride + begin, output + j * a.output_stride + begin, n);
      }
  }
  if (a.inner != nullptr) add_blocks(partial, pairs, a.inner);
}

// Matrices of a few rows: no work for several threads.
struct Alone {
  template <class Body>
  void each(int64_t count, const Body& body) const {
    for (int64_t i = 0; i < count; ++i) body(i);
  }
  void wait() const {}
};

}  // namespace

OPSIG_OPERATION(inner_products, opsig_inner_products_arguments) {
  require(arguments.left_count >= 0 && arguments.right_count >= 0 && arguments.length >= 0, "negative extent");
  with_precision(arguments.precision, [&](auto zero) { inner_products<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(combine, opsig_combine_arguments) {
  require(arguments.input_count >= 0 && arguments.output_count >= 0 && arguments.length >= 0, "negative extent");
  with_precision(arguments.precision, [&](auto zero) { combine<decltype(zero)>(arguments); });
}

OPSIG_OPERATION(whitening, opsig_whitening_arguments) {
  require(arguments.count >= 0, "negative extent");
  whiten(Alone(), arguments, arguments.gram, arguments.coefficients);
}
