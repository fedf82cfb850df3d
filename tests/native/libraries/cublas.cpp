// Stand-in for libcublas.so.12: the entry points that the benches call. Names and numbers are those of cublas_api.h.
#include "gemm.h"

using stand_in::fault;

namespace {

constexpr uint32_t kHandle = 0xb1a5;
constexpr int kSuccess = 0, kInvalidValue = 7, kExecutionFailed = 13;
constexpr int kFloat32 = 0, kFloat64 = 1;

struct Handle : stand_in::Object {
  void* workspace;
};

bool fits(int type, int compute) {
  return type == kFloat64 ? compute == 70 : type == kFloat32 && (compute == 68 || compute == 75 || compute == 77);
}

template <typename T>
double number(const void* scalar) {
  return *static_cast<const T*>(scalar);
}

}  // namespace

STAND_IN_EXPORT int cublasCreate_v2(Handle** handle) {
  if (fault("cublasCreate_v2")) return kExecutionFailed;
  *handle = new Handle{{kHandle}, nullptr};
  return kSuccess;
}

STAND_IN_EXPORT int cublasDestroy_v2(Handle* handle) {
  if (!stand_in::is(handle, kHandle)) return kInvalidValue;
  delete handle;
  return kSuccess;
}

STAND_IN_EXPORT int cublasSetStream_v2(Handle* handle, void*) {
  if (!stand_in::is(handle, kHandle)) return kInvalidValue;
  handle->workspace = nullptr;
  return kSuccess;
}

STAND_IN_EXPORT int cublasSetWorkspace_v2(Handle* handle, void* workspace, size_t bytes) {
  if (!stand_in::is(handle, kHandle) || bytes == 0) return kInvalidValue;
  handle->workspace = workspace;
  return kSuccess;
}

STAND_IN_EXPORT int cublasGetVersion_v2(Handle* handle, int* version) {
  *version = 120000;
  return stand_in::is(handle, kHandle) ? kSuccess : kInvalidValue;
}

STAND_IN_EXPORT const char* cublasGetStatusName(int status) {
  return status == kExecutionFailed ? "CUBLAS_STATUS_EXECUTION_FAILED" : "CUBLAS_STATUS_INVALID_VALUE";
}

STAND_IN_EXPORT int cublasGemmStridedBatchedEx(Handle* handle, int transpose_a, int transpose_b, int m, int n, int k,
                                               const void* alpha, const void* a, int a_type, int a_leading,
                                               long long a_stride, const void* b, int b_type, int b_leading,
                                               long long b_stride, const void* beta, void* c, int c_type, int c_leading,
                                               long long c_stride, int batches, int compute, int) {
  if (fault("cublasGemmStridedBatchedEx")) return kExecutionFailed;
  // Leading dimensions are checked as the library does: of the matrices as they are stored.
  if (!stand_in::is(handle, kHandle) || handle->workspace == nullptr || a_type != c_type || b_type != c_type ||
      !fits(c_type, compute) || a_leading < (transpose_a ? k : m) || b_leading < (transpose_b ? n : k) || c_leading < m)
    return kInvalidValue;
  const stand_in::Matrix left{a, a_leading, a_stride, transpose_a != 0}, right{b, b_leading, b_stride, transpose_b != 0};
  if (c_type == kFloat64)
    stand_in::multiply(m, n, k, number<double>(alpha), left, right, number<double>(beta), static_cast<double*>(c), c_leading,
                       c_stride, batches, static_cast<const double*>(nullptr), 0);
  else
    stand_in::multiply(m, n, k, number<float>(alpha), left, right, number<float>(beta), static_cast<float*>(c), c_leading,
                       c_stride, batches, static_cast<const float*>(nullptr), 0);
  return kSuccess;
}
