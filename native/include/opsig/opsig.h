// The C ABI between the managed library and a native back end.
//
// A back end is a set of operations. An operation is a name and one blittable struct of arguments; running it returns a
// status, and the text of a failure is fetched only then. The structs live in one header per area beside this one and
// are shared by the CPU library and the CUDA modules.
//
// Letters used for shapes throughout native code:
//   K  vectors pushed through one call (directions, tangents, cotangents)
//   N  samples of a micro-batch
//   H, W, C  height, width, channels of a channels-last image [N, H, W, C]
//   F  features of one sample (H*W*C), P  parameters
#ifndef OPSIG_OPSIG_H
#define OPSIG_OPSIG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Raised whenever the meaning of an existing struct or operation changes.
#define OPSIG_ABI_VERSION 1

typedef enum opsig_status {
  OPSIG_OK = 0,
  OPSIG_INVALID_ARGUMENT = 1,
  OPSIG_OUT_OF_MEMORY = 2,
  OPSIG_INTERNAL_ERROR = 3,
} opsig_status;

typedef enum opsig_precision {
  OPSIG_FLOAT32 = 0,
  OPSIG_FLOAT64 = 1,
} opsig_precision;

// One entry of a back end's table. `argument_size` is sizeof of the struct that `run` expects.
typedef struct opsig_operation {
  const char* name;
  opsig_status (*run)(const void* arguments);
  size_t argument_size;
  const struct opsig_operation* next;
} opsig_operation;

#if defined(__GNUC__)
#define OPSIG_EXPORT __attribute__((visibility("default")))
#else
#define OPSIG_EXPORT
#endif

OPSIG_EXPORT int32_t opsig_abi_version(void);

// Head of the linked list of every operation of this library; lives as long as the library.
OPSIG_EXPORT const opsig_operation* opsig_operations(void);

// Text of the last failure on the calling thread; empty when there was none.
OPSIG_EXPORT const char* opsig_last_error(void);

// Threads that the operations use from now on, at least 1. Results depend on it in the last bits.
OPSIG_EXPORT opsig_status opsig_set_threads(int32_t threads);
OPSIG_EXPORT int32_t opsig_threads(void);

// The vector instructions that this build of the library uses: "avx512", "avx2" or "baseline".
OPSIG_EXPORT const char* opsig_instruction_set(void);

#ifdef __cplusplus
}
#endif

#endif  // OPSIG_OPSIG_H
