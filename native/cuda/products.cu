// Products in float32 and float64, and what follows those that were cut into shares.
#include "followed_element.cuh"
#include "products.cuh"

namespace {

using namespace opsig;
using namespace opsig::products;

// Adds the shares of the depth in their order.
template <class T>
OPSIG_DEVICE void product_finish(const Arguments& p, const T* partial, int64_t shares) {
  const int64_t matrix = p.rows * p.columns;
  over_elements(p.vectors * matrix, [&](int64_t i) {
    T sum = 0;
    for (int64_t share = 0; share < shares; ++share) sum += partial[share * p.vectors * matrix + i];
    const int64_t vector = i / matrix, column = i % p.columns;
    const Output<T> output(p, vector);
    if (p.then.pass == OPSIG_NO_PASS) {
      output(i % matrix / p.columns, column, sum);
    } else {
      if (output.bias != nullptr) sum += output.bias[column];
      follow_element(p.then, static_cast<T*>(p.c), i % p.then.count, i, sum);
    }
  });
}

}  // namespace

OPSIG_KERNEL(product_128_float32, 256, opsig_product_arguments p, TilePlan plan) {
  product<TileProduct<float, 128>>(p, plan);
}
OPSIG_KERNEL(product_64_float32, 256, opsig_product_arguments p, TilePlan plan) {
  product<TileProduct<float, 64>>(p, plan);
}
OPSIG_KERNEL(product_32_float32, 256, opsig_product_arguments p, TilePlan plan) {
  product<TileProduct<float, 32>>(p, plan);
}
OPSIG_KERNEL(product_64_float64, 256, opsig_product_arguments p, TilePlan plan) {
  product<TileProduct<double, 64>>(p, plan);
}
OPSIG_KERNEL(product_32_float64, 256, opsig_product_arguments p, TilePlan plan) {
  product<TileProduct<double, 32>>(p, plan);
}
OPSIG_KERNEL(product_finish_float32, 256, opsig_product_arguments p, const float* partial, int64_t shares) {
  product_finish(p, partial, shares);
}
OPSIG_KERNEL(product_finish_float64, 256, opsig_product_arguments p, const double* partial, int64_t shares) {
  product_finish(p, partial, shares);
}
