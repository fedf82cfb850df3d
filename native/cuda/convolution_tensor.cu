// Convolutions on tensor cores.
#include "convolution.cuh"
#include "tensor_product.cuh"

using namespace opsig;

CONVOLUTION_KERNELS((TensorProduct<Tf32, 128>), 128, 128_tf32)
CONVOLUTION_KERNELS((TensorProduct<Tf32, 64>), 128, 64_tf32)
CONVOLUTION_KERNELS((TensorProduct<Tf32x3, 64>), 128, 64_3xtf32)
CONVOLUTION_KERNELS((TensorProduct<Bfloat16, 128>), 128, 128_bf16)
CONVOLUTION_KERNELS((TensorProduct<Bfloat16, 64>), 128, 64_bf16)
