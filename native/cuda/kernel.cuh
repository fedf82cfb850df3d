// What every kernel file shares: how a kernel is declared, where its threads are, and sums over a block.
//
// A kernel takes the operation's struct of arguments by value, its pointers being device pointers. The launcher in
// managed/OpposingSignals/Devices/Cuda has checked them. The same sources are compiled for the host by the emulated
// driver, which defines what nvcc would.
#pragma once

#include <stdint.h>

#include "opsig/opsig.h"

#if defined(__CUDACC__)
#define OPSIG_DEVICE __device__ __forceinline__
#define OPSIG_OUT_OF_LINE __device__ __noinline__
// The 1 lets the compiler take the registers that it needs instead of spilling for the sake of occupancy.
#define OPSIG_KERNEL(NAME, THREADS, ...) extern "C" __global__ void __launch_bounds__(THREADS, 1) NAME(__VA_ARGS__)
// Memory that the threads of a block share; undefined at first.
#define OPSIG_SHARED(TYPE, NAME) __shared__ TYPE NAME
// The same, as large as the launch asks for: beyond 48 KiB there is no other way.
#define OPSIG_DYNAMIC_SHARED(TYPE, NAME)                       \
  extern __shared__ __align__(1024) unsigned char NAME##_at[]; \
  TYPE& NAME = *reinterpret_cast<TYPE*>(NAME##_at)
#else
#include "emulator/cuda.h"
#endif

#define OPSIG_UNPACK(...) __VA_ARGS__

// Defines NAME_float32 and NAME_float64 from the template NAME<T>:
//   OPSIG_KERNELS(add, 256, (opsig_add_arguments a), (a))
#define OPSIG_KERNELS(NAME, THREADS, PARAMETERS, ARGUMENTS)                                 \
  OPSIG_KERNEL(NAME##_float32, THREADS, OPSIG_UNPACK PARAMETERS) { NAME<float> ARGUMENTS; } \
  OPSIG_KERNEL(NAME##_float64, THREADS, OPSIG_UNPACK PARAMETERS) { NAME<double> ARGUMENTS; }

namespace opsig {

constexpr int kWarp = 32;

// Calls body(i) for i < count, each thread of the grid taking every so manieth, so that a warp's accesses are
// coalesced.
// Short bodies are unrolled, to have several independent accesses in flight.
template <int Unroll = 1, class Body>
OPSIG_DEVICE void over_elements(int64_t count, const Body& body) {
  const int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.x;
#pragma unroll Unroll
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) body(i);
}

// The same number, from which the compiler computes anew what follows from it, instead of keeping that in registers.
OPSIG_DEVICE unsigned anew(unsigned value) {
#if defined(__CUDACC__)
  asm volatile("" : "+r"(value));
#endif
  return value;
}

struct QuotientAndRest {
  int64_t quotient;
  int rest;
};

// Division of a non-negative index: a 64-bit one takes some hundred instructions, and most indices fit 32 bits.
OPSIG_DEVICE QuotientAndRest divide(int64_t index, int divisor) {
  if (index >> 32 == 0) {
    const uint32_t quotient = static_cast<uint32_t>(index) / static_cast<uint32_t>(divisor);
    return {quotient, static_cast<int>(static_cast<uint32_t>(index) - quotient * static_cast<uint32_t>(divisor))};
  }
  return {index / divisor, static_cast<int>(index % divisor)};
}

// An element of channels-last images.
struct Pixel {
  int64_t sample;
  int row, column, channel;
};

OPSIG_DEVICE Pixel pixel_of(int64_t element, int height, int width, int channels) {
  const QuotientAndRest by_channel = divide(element, channels), by_column = divide(by_channel.quotient, width),
                        by_row = divide(by_column.quotient, height);
  return {by_row.quotient, by_row.rest, by_column.rest, by_channel.rest};
}

// The sum over a warp, in every lane, by a fixed butterfly.
template <class T>
OPSIG_DEVICE T warp_sum(T value) {
  for (int lane = kWarp / 2; lane > 0; lane /= 2) value += __shfl_xor_sync(0xffffffffu, value, lane);
  return value;
}

template <class T>
struct BlockSumStorage {
  T of_warp[kWarp];
};

// The sum over a block whose threads are whole warps, in every thread. The storage may be used again after the next
// barrier.
template <class T>
OPSIG_DEVICE T block_sum(T value, BlockSumStorage<T>& storage) {
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp, lane = static_cast<int>(threadIdx.x) % kWarp;
  value = warp_sum(value);
  if (lane == 0) storage.of_warp[warp] = value;
  __syncthreads();
  return warp_sum(lane < warps ? storage.of_warp[lane] : T(0));
}

}  // namespace opsig
