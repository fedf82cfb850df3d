// Stand-in for libcudnn.so.9: the entry points that the benches call, for channels-last tensors of float32 and bf16. Names and numbers
// are those of cudnn_ops.h and cudnn_cnn.h.
#include "stand_in.h"

using stand_in::fault;

namespace {

constexpr uint32_t kHandle = 0xcd, kTensor = 0xce, kFilter = 0xcf, kConvolution = 0xd0;
constexpr int kSuccess = 0, kBadParameter = 2000, kNotSupported = 3000;
constexpr int kFloat32 = 0, kBfloat16 = 9, kChannelsLast = 1;
constexpr int kAlgorithm = 1;
constexpr size_t kWorkspace = 1024;

// [N, H, W, C] of an image, [O, KH, KW, C] of a filter.
struct Tensor : stand_in::Object {
  int type, n, c, h, w;

  int64_t offset(int i, int y, int x, int channel) const {
    return ((static_cast<int64_t>(i) * h + y) * w + x) * c + channel;
  }

  float get(const void* data, int64_t at) const {
    if (type == kFloat32) return static_cast<const float*>(data)[at];
    const uint32_t bits = static_cast<uint32_t>(static_cast<const uint16_t*>(data)[at]) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  void put(void* data, int64_t at, float value) const {
    if (type == kFloat32) {
      static_cast<float*>(data)[at] = value;
      return;
    }
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    static_cast<uint16_t*>(data)[at] = static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  }

  int64_t count() const { return static_cast<int64_t>(n) * c * h * w; }
};

struct Convolution : stand_in::Object {
  int padding, stride, math, groups;
};

struct Performance {
  int algorithm, status;
  float milliseconds;
  size_t workspace;
  int determinism, math, reserved[3];
};

// Adds x w to y, or in the other directions what follows from the third and one of these: calls `add` with the places of each product.
template <typename Add>
void each_product(const Tensor& x, const Tensor& w, const Convolution& of, const Tensor& y, const Add& add) {
  const int inputs = x.c / of.groups, outputs = y.c / of.groups;
  for (int n = 0; n < y.n; ++n)
    for (int oy = 0; oy < y.h; ++oy)
      for (int ox = 0; ox < y.w; ++ox)
        for (int o = 0; o < y.c; ++o)
          for (int ky = 0; ky < w.h; ++ky)
            for (int kx = 0; kx < w.w; ++kx) {
              const int iy = oy * of.stride - of.padding + ky, ix = ox * of.stride - of.padding + kx;
              if (iy < 0 || iy >= x.h || ix < 0 || ix >= x.w) continue;
              for (int c = 0; c < inputs; ++c)
                add(x.offset(n, iy, ix, o / outputs * inputs + c), w.offset(o, ky, kx, c), y.offset(n, oy, ox, o));
            }
}

// `result` is x, w or y; the sums are taken in float64 and rounded once.
enum class Result { kX, kW, kY };

int convolve(Result result, const void* alpha, const void* beta, const Tensor& x, const void* x_data, const Tensor& w,
             const void* w_data, const Convolution& of, const Tensor& y, const void* y_data, void* out) {
  if (x.n != y.n || w.n != y.c || w.c * of.groups != x.c) return kBadParameter;
  const bool exact = of.math == 3, float32 = x.type == kFloat32;
  if (x.type != y.type || w.type != x.type || (exact && !float32)) return kNotSupported;
  const Tensor& written = result == Result::kX ? x : result == Result::kW ? w : y;
  double* sums = static_cast<double*>(std::calloc(written.count(), sizeof(double)));
  each_product(x, w, of, y, [&](int64_t at_x, int64_t at_w, int64_t at_y) {
    if (result == Result::kX) sums[at_x] += static_cast<double>(w.get(w_data, at_w)) * y.get(y_data, at_y);
    if (result == Result::kW) sums[at_w] += static_cast<double>(x.get(x_data, at_x)) * y.get(y_data, at_y);
    if (result == Result::kY) sums[at_y] += static_cast<double>(x.get(x_data, at_x)) * w.get(w_data, at_w);
  });
  const float a = *static_cast<const float*>(alpha), b = *static_cast<const float*>(beta);
  for (int64_t i = 0; i < written.count(); ++i) {
    const float kept = b == 0 ? 0 : b * written.get(out, i);
    written.put(out, i, static_cast<float>(a * stand_in::result(sums[i])) + kept);
  }
  std::free(sums);
  return kSuccess;
}

int find(const char* name, int asked, int* found, Performance* results, void* workspace, size_t bytes) {
  if (fault(name)) return kNotSupported;
  if (asked < 2 || workspace == nullptr || bytes < kWorkspace) return kBadParameter;
  // The fastest does not work here, as it happens.
  results[0] = Performance{0, kNotSupported, -1, 0, 0, 0, {}};
  results[1] = Performance{kAlgorithm, kSuccess, 1, kWorkspace, 1, 1, {}};
  *found = 2;
  return kSuccess;
}

bool runs(int algorithm, void* workspace, size_t bytes) {
  return algorithm == kAlgorithm && workspace != nullptr && bytes == kWorkspace;
}

template <typename T>
int create(T** object, uint32_t kind) {
  *object = new T{};
  (*object)->kind = kind;
  return kSuccess;
}

template <typename T>
int destroy(T* object, uint32_t kind) {
  if (!stand_in::is(object, kind)) return kBadParameter;
  delete object;
  return kSuccess;
}

int describe(Tensor* tensor, uint32_t kind, int order, int type, int n, int c, int h, int w) {
  if (!stand_in::is(tensor, kind) || order != kChannelsLast || (type != kFloat32 && type != kBfloat16)) return kBadParameter;
  *tensor = Tensor{{kind}, type, n, c, h, w};
  return kSuccess;
}

}  // namespace

STAND_IN_EXPORT size_t cudnnGetVersion() { return 90000; }

STAND_IN_EXPORT const char* cudnnGetErrorString(int status) {
  return status == kNotSupported ? "CUDNN_STATUS_NOT_SUPPORTED" : "CUDNN_STATUS_BAD_PARAM";
}

STAND_IN_EXPORT int cudnnCreate(stand_in::Object** handle) { return create(handle, kHandle); }
STAND_IN_EXPORT int cudnnDestroy(stand_in::Object* handle) { return destroy(handle, kHandle); }
STAND_IN_EXPORT int cudnnSetStream(stand_in::Object* handle, void*) {
  return stand_in::is(handle, kHandle) ? kSuccess : kBadParameter;
}

STAND_IN_EXPORT int cudnnCreateTensorDescriptor(Tensor** tensor) { return create(tensor, kTensor); }
STAND_IN_EXPORT int cudnnDestroyTensorDescriptor(Tensor* tensor) { return destroy(tensor, kTensor); }
STAND_IN_EXPORT int cudnnSetTensor4dDescriptor(Tensor* tensor, int order, int type, int n, int c, int h, int w) {
  return describe(tensor, kTensor, order, type, n, c, h, w);
}

STAND_IN_EXPORT int cudnnCreateFilterDescriptor(Tensor** filter) { return create(filter, kFilter); }
STAND_IN_EXPORT int cudnnDestroyFilterDescriptor(Tensor* filter) { return destroy(filter, kFilter); }
STAND_IN_EXPORT int cudnnSetFilter4dDescriptor(Tensor* filter, int type, int order, int k, int c, int h, int w) {
  return describe(filter, kFilter, order, type, k, c, h, w);
}

STAND_IN_EXPORT int cudnnCreateConvolutionDescriptor(Convolution** of) { return create(of, kConvolution); }
STAND_IN_EXPORT int cudnnDestroyConvolutionDescriptor(Convolution* of) { return destroy(of, kConvolution); }
STAND_IN_EXPORT int cudnnSetConvolution2dDescriptor(Convolution* of, int padding, int padding_across, int stride,
                                                    int stride_across, int dilation, int dilation_across, int mode, int type) {
  if (!stand_in::is(of, kConvolution) || padding != padding_across || stride != stride_across || dilation != 1 ||
      dilation_across != 1 || mode != 1 || type != kFloat32)
    return kBadParameter;
  *of = Convolution{{kConvolution}, padding, stride, 0, 1};
  return kSuccess;
}
STAND_IN_EXPORT int cudnnSetConvolutionMathType(Convolution* of, int math) {
  of->math = math;
  return kSuccess;
}
STAND_IN_EXPORT int cudnnSetConvolutionGroupCount(Convolution* of, int groups) {
  of->groups = groups;
  return kSuccess;
}

STAND_IN_EXPORT int cudnnFindConvolutionForwardAlgorithmEx(void*, Tensor*, void*, Tensor*, void*, Convolution*, Tensor*, void*,
                                                           int asked, int* found, Performance* results, void* workspace,
                                                           size_t bytes) {
  return find("cudnnFindConvolutionForwardAlgorithmEx", asked, found, results, workspace, bytes);
}
STAND_IN_EXPORT int cudnnFindConvolutionBackwardDataAlgorithmEx(void*, Tensor*, void*, Tensor*, void*, Convolution*, Tensor*,
                                                                void*, int asked, int* found, Performance* results,
                                                                void* workspace, size_t bytes) {
  return find("cudnnFindConvolutionBackwardDataAlgorithmEx", asked, found, results, workspace, bytes);
}
STAND_IN_EXPORT int cudnnFindConvolutionBackwardFilterAlgorithmEx(void*, Tensor*, void*, Tensor*, void*, Convolution*, Tensor*,
                                                                  void*, int asked, int* found, Performance* results,
                                                                  void* workspace, size_t bytes) {
  return find("cudnnFindConvolutionBackwardFilterAlgorithmEx", asked, found, results, workspace, bytes);
}

STAND_IN_EXPORT int cudnnConvolutionForward(void*, const void* alpha, Tensor* x, const void* x_data, Tensor* w, const void* w_data,
                                            Convolution* of, int algorithm, void* workspace, size_t bytes, const void* beta,
                                            Tensor* y, void* y_data) {
  if (!runs(algorithm, workspace, bytes)) return kBadParameter;
  return convolve(Result::kY, alpha, beta, *x, x_data, *w, w_data, *of, *y, nullptr, y_data);
}
STAND_IN_EXPORT int cudnnConvolutionBackwardData(void*, const void* alpha, Tensor* w, const void* w_data, Tensor* y,
                                                 const void* y_data, Convolution* of, int algorithm, void* workspace, size_t bytes,
                                                 const void* beta, Tensor* x, void* x_data) {
  if (!runs(algorithm, workspace, bytes)) return kBadParameter;
  return convolve(Result::kX, alpha, beta, *x, nullptr, *w, w_data, *of, *y, y_data, x_data);
}
STAND_IN_EXPORT int cudnnConvolutionBackwardFilter(void*, const void* alpha, Tensor* x, const void* x_data, Tensor* y,
                                                   const void* y_data, Convolution* of, int algorithm, void* workspace,
                                                   size_t bytes, const void* beta, Tensor* w, void* w_data) {
  if (!runs(algorithm, workspace, bytes)) return kBadParameter;
  return convolve(Result::kW, alpha, beta, *x, x_data, *w, nullptr, *of, *y, y_data, w_data);
}

STAND_IN_EXPORT int cudnnAddTensor(void*, const void* alpha, Tensor* a, const void* a_data, const void* beta, Tensor* c,
                                   void* c_data) {
  if (a->n != 1 || a->h != 1 || a->w != 1 || a->c != c->c) return kBadParameter;
  for (int64_t i = 0; i < c->count(); ++i)
    c->put(c_data, i, *static_cast<const float*>(alpha) * a->get(a_data, i % c->c) +
                          *static_cast<const float*>(beta) * c->get(c_data, i));
  return kSuccess;
}
