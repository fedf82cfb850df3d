// What nvcc defines for a kernel, for a host compiler: the device's own names on top of block.h. Included by the
// kernels themselves (native/cuda/kernel.cuh), so that the sources that run on a GPU are the ones that are tested here.
#pragma once

#include <math.h>
#include <stdint.h>

#include <algorithm>
#include <source_location>

#include "emulator/block.h"
#include "emulator/matrix_instruction.h"
#include "emulator/registry.h"
#include "emulator/warpgroup_instruction.h"

// The module that the source file is built into: its name without the extension.
#ifndef OPSIG_MODULE
#error "OPSIG_MODULE names the module of a kernel source"
#endif

#define OPSIG_DEVICE inline
#define OPSIG_OUT_OF_LINE static
#define OPSIG_KERNEL(NAME, THREADS, ...)                                                                     \
  static void NAME(__VA_ARGS__);                                                                             \
  static const opsig::emulator::KernelRegistration NAME##_registration(OPSIG_MODULE, #NAME, THREADS, &NAME); \
  static void NAME(__VA_ARGS__)
// Every use is a block of memory of its own, so that AddressSanitizer sees an access beyond it.
#define OPSIG_SHARED(TYPE, NAME)      \
  static const char NAME##_place = 0; \
  TYPE& NAME = *static_cast<TYPE*>(opsig::emulator::shared_memory(&NAME##_place, sizeof(TYPE)))
#define OPSIG_DYNAMIC_SHARED(TYPE, NAME) \
  TYPE& NAME = *static_cast<TYPE*>(opsig::emulator::dynamic_shared_memory(sizeof(TYPE)))

#define threadIdx (opsig::emulator::position.thread)
#define blockIdx (opsig::emulator::position.block)
#define blockDim (opsig::emulator::position.block_extent)
#define gridDim (opsig::emulator::position.grid_extent)

inline void __syncthreads(std::source_location place = std::source_location::current()) {
  opsig::emulator::block_barrier(place);
}

inline void __syncwarp(unsigned mask = 0xffffffffu, std::source_location place = std::source_location::current()) {
  opsig::emulator::warp_exchange(mask, nullptr, 0, place);
}

// The value of the lane whose number differs in the bits of `lane_mask`.
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, std::source_location place = std::source_location::current()) {
  const opsig::emulator::Exchange all = opsig::emulator::warp_exchange(mask, &value, sizeof value, place);
  return all.template of<T>(opsig::emulator::position.lane ^ lane_mask);
}

inline unsigned __ballot_sync(unsigned mask, int vote, std::source_location place = std::source_location::current()) {
  const opsig::emulator::Exchange all = opsig::emulator::warp_exchange(mask, &vote, sizeof vote, place);
  unsigned votes = 0;
  for (int lane = 0; lane < opsig::emulator::kWarpSize; ++lane) votes |= (all.of<int>(lane) != 0 ? 1u : 0u) << lane;
  return votes;
}

inline float __uint_as_float(unsigned bits) { return opsig::emulator::float_of(bits); }

using std::max;
using std::min;
