// Products on Hopper's tensor cores.
#include "products.cuh"
#include "warpgroup_product.cuh"

using namespace opsig;

#define PRODUCT_KERNEL(ROWS, COLUMNS, ARITHMETIC, SUFFIX)                                              \
  OPSIG_KERNEL(product_##ROWS##x##COLUMNS##_##SUFFIX, 256, opsig_product_arguments p, TilePlan plan) { \
    products::product<WarpgroupProduct<ARITHMETIC, ROWS, COLUMNS>>(p, plan);                           \
  }
PRODUCT_KERNEL(128, 256, Tf32, tf32)
PRODUCT_KERNEL(128, 128, Tf32, tf32)
PRODUCT_KERNEL(64, 256, Tf32, tf32)
PRODUCT_KERNEL(256, 64, Tf32, tf32)
PRODUCT_KERNEL(128, 128, Tf32x3, 3xtf32)
PRODUCT_KERNEL(128, 256, Bfloat16, bf16)
PRODUCT_KERNEL(128, 128, Bfloat16, bf16)
PRODUCT_KERNEL(64, 256, Bfloat16, bf16)
PRODUCT_KERNEL(256, 64, Bfloat16, bf16)
