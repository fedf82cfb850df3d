// Convolutions on Hopper's tensor cores.
#include "convolution.cuh"
#include "warpgroup_product.cuh"

using namespace opsig;

CONVOLUTION_KERNELS((WarpgroupProduct<Tf32, 128, 256>), 256, 128x256_tf32)
CONVOLUTION_KERNELS((WarpgroupProduct<Tf32, 128, 128>), 256, 128x128_tf32)
CONVOLUTION_KERNELS((WarpgroupProduct<Tf32, 64, 256>), 256, 64x256_tf32)
CONVOLUTION_KERNELS((WarpgroupProduct<Tf32, 256, 64>), 256, 256x64_tf32)
CONVOLUTION_KERNELS((WarpgroupProduct<Tf32x3, 128, 128>), 256, 128x128_3xtf32)
CONVOLUTION_KERNELS((WarpgroupProduct<Bfloat16, 128, 256>), 256, 128x256_bf16)
CONVOLUTION_KERNELS((WarpgroupProduct<Bfloat16, 128, 128>), 256, 128x128_bf16)
CONVOLUTION_KERNELS((WarpgroupProduct<Bfloat16, 64, 256>), 256, 64x256_bf16)
CONVOLUTION_KERNELS((WarpgroupProduct<Bfloat16, 256, 64>), 256, 256x64_bf16)
