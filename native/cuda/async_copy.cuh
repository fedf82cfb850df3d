// Copies from global to shared memory that bypass registers and complete later (cp.async, compute capability 8.0).
#pragma once

#include "kernel.cuh"

namespace opsig {

// Starts a copy of Bytes (4, 8 or 16, and both addresses aligned to it). 16 bytes at a time skip the first-level cache:
// whole sectors are consumed at once. Smaller ones go through it, since neighbours want the rest of a sector.
template <int Bytes>
OPSIG_DEVICE void start_copy(void* shared, const void* global) {
#if defined(__CUDACC__)
  const uint32_t to = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  if constexpr (Bytes == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(global) : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(to), "l"(global), "n"(Bytes) : "memory");
#else
  emulator::start_copy(shared, global, Bytes);
#endif
}

// Waits for all copies of this thread; a barrier makes them visible to the others.
OPSIG_DEVICE void finish_copies() {
#if defined(__CUDACC__)
  asm volatile("cp.async.wait_all;" ::: "memory");
#else
  emulator::finish_copies();
#endif
}

// Ends a group of this thread's copies, which may be empty.
OPSIG_DEVICE void commit_copies() {
#if defined(__CUDACC__)
  asm volatile("cp.async.commit_group;" ::: "memory");
#else
  emulator::commit_copies();
#endif
}

// Waits for all groups of this thread but the Pending latest; a barrier makes them visible to the others.
template <int Pending>
OPSIG_DEVICE void wait_for_copies() {
#if defined(__CUDACC__)
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
#else
  emulator::wait_for_copies(Pending);
#endif
}

}  // namespace opsig
