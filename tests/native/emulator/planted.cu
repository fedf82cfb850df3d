// One kernel that is right, and one for each kind of mistake that the emulated driver must show.
#include "async_copy.cuh"

namespace {

using namespace opsig;

struct Values {
  float at[64];
};

// out[i] = in[63 - i] by copies of which all groups but `Pending` are waited for.
template <int Pending>
OPSIG_DEVICE void copied(const float* in, float* out) {
  OPSIG_SHARED(Values, values);
  start_copy<4>(&values.at[threadIdx.x], in + threadIdx.x);
  commit_copies();
  wait_for_copies<Pending>();
  __syncthreads();
  out[threadIdx.x] = values.at[63 - threadIdx.x];
}

}  // namespace

// out[i] = in[63 - i], through shared memory, with the barrier that this needs.
OPSIG_KERNEL(right, 64, const float* in, float* out) {
  OPSIG_SHARED(Values, values);
  values.at[threadIdx.x] = in[threadIdx.x];
  __syncthreads();
  out[threadIdx.x] = values.at[63 - threadIdx.x];
}

// The same without the barrier: what a thread reads depends on who went first.
OPSIG_KERNEL(race, 64, const float* in, float* out) {
  OPSIG_SHARED(Values, values);
  values.at[threadIdx.x] = 0;
  __syncthreads();
  values.at[threadIdx.x] = in[threadIdx.x];
  out[threadIdx.x] = values.at[63 - threadIdx.x];
}

// Half of the threads never come to the barrier.
OPSIG_KERNEL(divergence, 64, const float* in, float* out) {
  if (threadIdx.x < 32) __syncthreads();
  out[threadIdx.x] = in[threadIdx.x];
}

// Two barriers of the source, and each half of the block waits at one of them.
OPSIG_KERNEL(two_barriers, 64, const float* in, float* out) {
  if (threadIdx.x < 32)
    __syncthreads();
  else
    __syncthreads();
  out[threadIdx.x] = in[threadIdx.x];
}

// One lane leaves before its warp's exchange.
OPSIG_KERNEL(lost_lane, 64, const float* in, float* out) {
  if (threadIdx.x == 5) return;
  out[threadIdx.x] = warp_sum(in[threadIdx.x]);
}

OPSIG_KERNEL(out_of_bounds, 64, const float* in, float* out) { out[threadIdx.x + 1] = in[threadIdx.x]; }

OPSIG_KERNEL(shared_out_of_bounds, 64, const float* in, float* out) {
  OPSIG_SHARED(Values, values);
  values.at[threadIdx.x + 1] = in[threadIdx.x];
  out[threadIdx.x] = in[threadIdx.x];
}

// Reads shared memory that nobody has written.
OPSIG_KERNEL(uninitialised, 64, const float* in, float* out) {
  OPSIG_SHARED(Values, values);
  if (threadIdx.x < 63) values.at[threadIdx.x] = in[threadIdx.x];
  __syncthreads();
  out[threadIdx.x] = values.at[63 - threadIdx.x];
}

OPSIG_KERNEL(copies, 64, const float* in, float* out) { copied<0>(in, out); }

// Reads what is still under way.
OPSIG_KERNEL(early, 64, const float* in, float* out) { copied<1>(in, out); }

// Copies the next values over those that others still read: right only where the copy lands late.
OPSIG_KERNEL(overtaken, 64, const float* in, float* out) {
  OPSIG_SHARED(Values, values);
  values.at[threadIdx.x] = in[threadIdx.x];
  __syncthreads();
  start_copy<4>(&values.at[threadIdx.x], in);
  out[threadIdx.x] = values.at[63 - threadIdx.x];
  finish_copies();
}

// Launched without the shared memory that it uses.
OPSIG_KERNEL(unshared, 64, const float* in, float* out) {
  OPSIG_DYNAMIC_SHARED(Values, values);
  values.at[threadIdx.x] = in[threadIdx.x];
  out[threadIdx.x] = values.at[threadIdx.x];
}
