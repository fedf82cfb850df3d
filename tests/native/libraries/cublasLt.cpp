// Stand-in for libcublasLt.so.12: the entry points that the benches call, in float32. Names and numbers are those of cublasLt.h.
#include "gemm.h"

using stand_in::fault;

namespace {

constexpr uint32_t kHandle = 0x17, kDescription = 0x18, kLayout = 0x19, kPreference = 0x1a;
constexpr int kSuccess = 0, kInvalidValue = 7, kNotSupported = 15;

struct Description : stand_in::Object {
  int transpose_a, transpose_b;
  uint32_t epilogue;
  const float* bias;
  int64_t bias_stride;
};

struct Layout : stand_in::Object {
  uint64_t rows, columns;
  int64_t leading;
  int32_t batches;
  int64_t stride;
};

struct Preference : stand_in::Object {
  uint64_t workspace;
};

struct HeuristicResult {
  uint64_t algorithm[8];
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};

constexpr uint64_t kAlgorithm = 0xa160;
constexpr size_t kWorkspace = 4096;

template <typename T>
int set(T& member, const void* value, size_t bytes) {
  if (bytes != sizeof(T)) return kInvalidValue;
  std::memcpy(&member, value, bytes);
  return kSuccess;
}

template <typename T>
int destroy(T* object, uint32_t kind) {
  if (!stand_in::is(object, kind)) return kInvalidValue;
  delete object;
  return kSuccess;
}

bool agree(const Description& of, const Layout& a, const Layout& b, const Layout& c) {
  const uint64_t m = of.transpose_a ? a.columns : a.rows, k = of.transpose_a ? a.rows : a.columns;
  const uint64_t n = of.transpose_b ? b.rows : b.columns, depth = of.transpose_b ? b.columns : b.rows;
  return m == c.rows && n == c.columns && k == depth && a.batches == c.batches && b.batches == c.batches;
}

}  // namespace

STAND_IN_EXPORT size_t cublasLtGetVersion() { return 120000; }

STAND_IN_EXPORT const char* cublasLtGetStatusName(int status) {
  return status == kNotSupported ? "CUBLAS_STATUS_NOT_SUPPORTED" : "CUBLAS_STATUS_INVALID_VALUE";
}

STAND_IN_EXPORT int cublasLtCreate(stand_in::Object** handle) {
  *handle = new stand_in::Object{kHandle};
  return kSuccess;
}

STAND_IN_EXPORT int cublasLtDestroy(stand_in::Object* handle) { return destroy(handle, kHandle); }

STAND_IN_EXPORT int cublasLtMatmulDescCreate(Description** description, int compute, int scale) {
  if (scale != 0 || (compute != 68 && compute != 75 && compute != 77)) return kInvalidValue;
  *description = new Description{{kDescription}, 0, 0, 1, nullptr, 0};
  return kSuccess;
}

STAND_IN_EXPORT int cublasLtMatmulDescDestroy(Description* description) { return destroy(description, kDescription); }

STAND_IN_EXPORT int cublasLtMatmulDescSetAttribute(Description* of, int attribute, const void* value, size_t bytes) {
  if (!stand_in::is(of, kDescription)) return kInvalidValue;
  switch (attribute) {
    case 3: return set(of->transpose_a, value, bytes);
    case 4: return set(of->transpose_b, value, bytes);
    case 7: return set(of->epilogue, value, bytes);
    case 8: return set(of->bias, value, bytes);
    case 10: return set(of->bias_stride, value, bytes);
    default: return kInvalidValue;
  }
}

STAND_IN_EXPORT int cublasLtMatrixLayoutCreate(Layout** layout, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  if (type != 0 || leading < static_cast<int64_t>(rows)) return kInvalidValue;
  *layout = new Layout{{kLayout}, rows, columns, leading, 1, 0};
  return kSuccess;
}

STAND_IN_EXPORT int cublasLtMatrixLayoutDestroy(Layout* layout) { return destroy(layout, kLayout); }

STAND_IN_EXPORT int cublasLtMatrixLayoutSetAttribute(Layout* of, int attribute, const void* value, size_t bytes) {
  if (!stand_in::is(of, kLayout)) return kInvalidValue;
  return attribute == 5 ? set(of->batches, value, bytes)
       : attribute == 6 ? set(of->stride, value, bytes)
                        : kInvalidValue;
}

STAND_IN_EXPORT int cublasLtMatmulPreferenceCreate(Preference** preference) {
  *preference = new Preference{{kPreference}, 0};
  return kSuccess;
}

STAND_IN_EXPORT int cublasLtMatmulPreferenceDestroy(Preference* preference) { return destroy(preference, kPreference); }

STAND_IN_EXPORT int cublasLtMatmulPreferenceSetAttribute(Preference* of, int attribute, const void* value, size_t bytes) {
  return stand_in::is(of, kPreference) && attribute == 1 ? set(of->workspace, value, bytes) : kInvalidValue;
}

STAND_IN_EXPORT int cublasLtMatmulAlgoGetHeuristic(stand_in::Object* handle, const Description* description, const Layout* a,
                                                   const Layout* b, const Layout* c, const Layout* d,
                                                   const Preference* preference, int asked, HeuristicResult* results,
                                                   int* found) {
  if (fault("cublasLtMatmulAlgoGetHeuristic")) return kNotSupported;
  *found = 0;
  if (!stand_in::is(handle, kHandle) || !stand_in::is(preference, kPreference) || asked < 1 || c != d ||
      !agree(*description, *a, *b, *c))
    return kInvalidValue;
  if (preference->workspace < kWorkspace) return kNotSupported;
  *results = HeuristicResult{{kAlgorithm}, kWorkspace, kSuccess, 1, {}};
  *found = 1;
  return kSuccess;
}

STAND_IN_EXPORT int cublasLtMatmul(stand_in::Object* handle, const Description* description, const void* alpha, const void* a,
                                   const Layout* a_layout, const void* b, const Layout* b_layout, const void* beta,
                                   const void* c, const Layout* c_layout, void* d, const Layout* d_layout,
                                   const uint64_t* algorithm, void* workspace, size_t workspace_bytes, void*) {
  if (!stand_in::is(handle, kHandle) || algorithm[0] != kAlgorithm || workspace == nullptr || workspace_bytes != kWorkspace ||
      c != d || c_layout != d_layout || !agree(*description, *a_layout, *b_layout, *d_layout))
    return kInvalidValue;
  const stand_in::Matrix left{a, a_layout->leading, a_layout->stride, description->transpose_a != 0},
      right{b, b_layout->leading, b_layout->stride, description->transpose_b != 0};
  const int64_t k = description->transpose_a ? a_layout->rows : a_layout->columns;
  stand_in::multiply(d_layout->rows, d_layout->columns, k, *static_cast<const float*>(alpha), left, right,
                     *static_cast<const float*>(beta), static_cast<float*>(d), d_layout->leading, d_layout->stride,
                     d_layout->batches, description->epilogue == 4 ? description->bias : nullptr, description->bias_stride);
  return kSuccess;
}
