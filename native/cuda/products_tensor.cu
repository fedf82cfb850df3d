// Products on tensor cores.
#include "products.cuh"
#include "tensor_product.cuh"

using namespace opsig;

#define PRODUCT_KERNEL(TILE, ARITHMETIC, SUFFIX)                                           \
  OPSIG_KERNEL(product_##TILE##_##SUFFIX, 128, opsig_product_arguments p, TilePlan plan) { \
    products::product<TensorProduct<ARITHMETIC, TILE>>(p, plan);                           \
  }
PRODUCT_KERNEL(128, Tf32, tf32)
PRODUCT_KERNEL(64, Tf32, tf32)
PRODUCT_KERNEL(64, Tf32x3, 3xtf32)
PRODUCT_KERNEL(128, Bfloat16, bf16)
PRODUCT_KERNEL(64, Bfloat16, bf16)
