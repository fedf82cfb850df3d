// float32: oneDNN's direct convolutions on channels-last data. float64, which oneDNN lacks: patches and our own product.
#include "opsig/convolution.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "gemm.h"
#include "onednn.h"
#include "operation.h"
#include "parallel.h"
#include "primitive_cache.h"

namespace {

using namespace opsig;
using Shape = opsig_convolution_shape;

int64_t image_size(const Shape& s) { return s.samples * s.height * s.width * s.channels; }
int64_t out_size(const Shape& s) { return s.samples * s.out_height * s.out_width * s.out_channels; }

template <class T>
T* of(const opsig_vectors& tensor, int64_t vector) {
  return tensor.data == nullptr ? nullptr : static_cast<T*>(tensor.data) + vector * tensor.vector_stride;
}

template <class T>
void add_to(const T* from, int64_t count, T* to) {
#pragma omp parallel for simd if (count > kParallelElements)
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

// ---------------------------------------------------------------------------------------------------- float32, oneDNN

// A shape as a key; it has no padding bytes.
struct ComparableShape {
  Shape shape;
  bool operator<(const ComparableShape& other) const { return std::memcmp(&shape, &other.shape, sizeof(Shape)) < 0; }
};

// Memory of a thread that grows to the largest request of its slot.
float* scratch(int slot, int64_t bytes) {
  thread_local std::vector<float> kept[2];
  const size_t count = static_cast<size_t>((bytes + 3) / 4);
  if (kept[slot].size() < count) kept[slot].resize(count);
  return kept[slot].data();
}

// The primitives of one shape, made once. Weights cross in PyTorch's order and are reordered for each call: a filter is
// small beside the images of a micro-batch.
class Convolution {
 public:
  explicit Convolution(const Shape& s) {
    using namespace dnnl;
    using tag = memory::format_tag;
    const auto f32 = memory::data_type::f32;
    const auto direct = algorithm::convolution_direct;
    image_ = {{s.samples, s.channels, s.height, s.width}, f32, tag::nhwc};
    out_ = {{s.samples, s.out_channels, s.out_height, s.out_width}, f32, tag::nhwc};
    bias_ = {{s.out_channels}, f32, tag::a};
    const memory::dims filter =
        s.groups == 1
            ? memory::dims{s.out_channels, s.channels, s.kernel_height, s.kernel_width}
            : memory::dims{s.groups, s.out_channels / s.groups, s.channels / s.groups, s.kernel_height, s.kernel_width};
    plain_weights_ = {filter, f32, s.groups == 1 ? tag::oihw : tag::goihw};
    const memory::desc any(filter, f32, tag::any);
    const memory::dims strides{s.stride, s.stride}, before{s.padding, s.padding};
    const memory::dims after{(s.out_height - 1) * s.stride + s.kernel_height - s.height - s.padding,
                             (s.out_width - 1) * s.stride + s.kernel_width - s.width - s.padding};
    const primitive_attr overwrite = shareable(), sum = shareable_sum();
    const convolution_forward::desc plain(prop_kind::forward_training, direct, image_, any, out_, strides, before, after);
    const convolution_forward::desc biased(prop_kind::forward_training, direct, image_, any, bias_, out_, strides, before,
                                           after);
    forward_desc_ = convolution_forward::primitive_desc(plain, overwrite, onednn_engine());
    forward_ = convolution_forward(forward_desc_);
    add_forward_desc_ = convolution_forward::primitive_desc(plain, sum, onednn_engine());
    add_forward_ = convolution_forward(add_forward_desc_);
    biased_desc_ = convolution_forward::primitive_desc(biased, overwrite, onednn_engine());
    biased_ = convolution_forward(biased_desc_);
    add_biased_desc_ = convolution_forward::primitive_desc(biased, sum, onednn_engine());
    add_biased_ = convolution_forward(add_biased_desc_);
    data_desc_ = {{direct, image_, any, out_, strides, before, after}, overwrite, onednn_engine(), forward_desc_};
    data_ = convolution_backward_data(data_desc_);
    weights_desc_ = {{direct, image_, any, out_, strides, before, after}, overwrite, onednn_engine(), forward_desc_};
    weights_ = convolution_backward_weights(weights_desc_);
    biased_weights_desc_ = {{direct, image_, any, bias_, out_, strides, before, after}, overwrite, onednn_engine(), forward_desc_};
    biased_weights_ = convolution_backward_weights(biased_weights_desc_);
  }

  void forward(bool accumulate, const float* image, const float* filter, const float* bias, float* out) const {
    const auto& desc = bias ? (accumulate ? add_biased_desc_ : biased_desc_) : (accumulate ? add_forward_desc_ : forward_desc_);
    const auto& primitive = bias ? (accumulate ? add_biased_ : biased_) : (accumulate ? add_forward_ : forward_);
    Arguments arguments{{DNNL_ARG_SRC, memory(image_, image)},
                        {DNNL_ARG_WEIGHTS, ordered(desc.weights_desc(), filter)},
                        {DNNL_ARG_DST, memory(out_, out)}};
    if (bias) arguments.emplace(DNNL_ARG_BIAS, memory(bias_, bias));
    run_primitive(primitive, desc.scratchpad_desc(), std::move(arguments));
  }

  void backward_data(bool accumulate, const float* image, const float* filter, float* out) const {
    const int64_t bytes = static_cast<int64_t>(image_.get_size());
    float* to = accumulate ? scratch(1, bytes) : out;
    run_primitive(data_, data_desc_.scratchpad_desc(),
                  {{DNNL_ARG_DIFF_DST, memory(out_, image)},
                   {DNNL_ARG_WEIGHTS, ordered(data_desc_.weights_desc(), filter)},
                   {DNNL_ARG_DIFF_SRC, memory(image_, to)}});
    if (accumulate) add_to(to, bytes / 4, out);
  }

  void backward_weights(const float* image, const float* cotangent, float* gradient, float* bias) const {
    const auto& desc = bias ? biased_weights_desc_ : weights_desc_;
    const dnnl::memory::desc packed = desc.diff_weights_desc();
    dnnl::memory result = memory(packed, scratch(0, static_cast<int64_t>(packed.get_size())));
    std::vector<float> sums(bias ? static_cast<size_t>(bias_.dims()[0]) : 0);
    Arguments arguments{{DNNL_ARG_SRC, memory(image_, image)},
                        {DNNL_ARG_DIFF_DST, memory(out_, cotangent)},
                        {DNNL_ARG_DIFF_WEIGHTS, result}};
    if (bias) arguments.emplace(DNNL_ARG_DIFF_BIAS, memory(bias_, sums.data()));
    run_primitive(bias ? biased_weights_ : weights_, desc.scratchpad_desc(), std::move(arguments));
    const int64_t count = static_cast<int64_t>(plain_weights_.get_size()) / 4;
    float* plain = scratch(1, count * 4);
    reorder(result, memory(plain_weights_, plain));
    add_to(plain, count, gradient);
    for (size_t o = 0; o < sums.size(); ++o) bias[o] += sums[o];
  }

 private:
  using Arguments = std::unordered_map<int, dnnl::memory>;

  static dnnl::memory memory(const dnnl::memory::desc& desc, const float* data) {
    return {desc, onednn_engine(), const_cast<float*>(data)};
  }

  static void reorder(dnnl::memory from, dnnl::memory to) {
    dnnl::reorder(from, to).execute(onednn_stream(), from, to);
    onednn_stream().wait();
  }

  dnnl::memory ordered(const dnnl::memory::desc& desc, const float* filter) const {
    dnnl::memory to = memory(desc, scratch(0, static_cast<int64_t>(desc.get_size())));
    reorder(memory(plain_weights_, filter), to);
    return to;
  }

  dnnl::memory::desc image_, out_, bias_, plain_weights_;
  dnnl::convolution_forward::primitive_desc forward_desc_, add_forward_desc_, biased_desc_, add_biased_desc_;
  dnnl::convolution_forward forward_, add_forward_, biased_, add_biased_;
  dnnl::convolution_backward_data::primitive_desc data_desc_;
  dnnl::convolution_backward_data data_;
  dnnl::convolution_backward_weights::primitive_desc weights_desc_, biased_weights_desc_;
  dnnl::convolution_backward_weights weights_, biased_weights_;
};

std::shared_ptr<const Convolution> known(const Shape& shape) {
  static PrimitiveCache<ComparableShape, Convolution> convolutions;
  return convolutions.find({shape}, [&] { return std::make_shared<const Convolution>(shape); });
}

void forward(const Shape& s, bool accumulate, const float* image, const float* filter, const float* bias, float* out) {
  known(s)->forward(accumulate, image, filter, bias, out);
}

void backward_data(const Shape& s, bool accumulate, const float* image, const float* filter, float* out) {
  known(s)->backward_data(accumulate, image, filter, out);
}

void backward_weights(const Shape& s, const float* image, const float* cotangent, float* gradient, float* bias) {
  known(s)->backward_weights(image, cotangent, gradient, bias);
}

// ---------------------------------------------------------------------------------------------------- float64, patches

// Calls body(sample) for every sample, in parallel; its exceptions come out here.
template <class Body>
void over_samples(const Shape& s, Body body) {
  ParallelExceptions exceptions;
#pragma omp parallel for if (s.samples > 1)
  for (int64_t n = 0; n < s.samples; ++n) exceptions.guard([&] { body(n); });
  exceptions.rethrow();
}

// Calls visit(index within the image, index within the patch) for every element of the patch at (oh, ow).
template <class Visit>
void over_patch(const Shape& s, int oh, int ow, Visit visit) {
  for (int kh = 0; kh < s.kernel_height; ++kh) {
    const int h = oh * s.stride - s.padding + kh;
    if (h < 0 || h >= s.height) continue;
    for (int kw = 0; kw < s.kernel_width; ++kw) {
      const int w = ow * s.stride - s.padding + kw;
      if (w < 0 || w >= s.width) continue;
      for (int c = 0; c < s.channels; ++c)
        visit((static_cast<int64_t>(h) * s.width + w) * s.channels + c,
              (static_cast<int64_t>(c) * s.kernel_height + kh) * s.kernel_width + kw);
    }
  }
}

int64_t patch_size(const Shape& s) { return static_cast<int64_t>(s.channels) * s.kernel_height * s.kernel_width; }

// One group's part of a sample's product: its columns of the patches, of the filter's rows and of the output's channels.
struct Group {
  int64_t patch, patch_size, filter, out, out_channels;
};

template <class Body>
void over_groups(const Shape& s, Body body) {
  const int64_t size = patch_size(s) / s.groups, channels = s.out_channels / s.groups;
  for (int64_t g = 0; g < s.groups; ++g) body(Group{g * size, size, g * channels * size, g * channels, channels});
}

// patches[(oh, ow), (c, kh, kw)] of one sample; positions outside the image are zero.
std::vector<double> patches_of(const Shape& s, const double* image) {
  const int64_t size = patch_size(s);
  std::vector<double> patches(static_cast<size_t>(static_cast<int64_t>(s.out_height) * s.out_width * size), 0.0);
  for (int oh = 0; oh < s.out_height; ++oh)
    for (int ow = 0; ow < s.out_width; ++ow) {
      double* patch = patches.data() + (static_cast<int64_t>(oh) * s.out_width + ow) * size;
      over_patch(s, oh, ow, [&](int64_t from, int64_t to) { patch[to] = image[from]; });
    }
  return patches;
}

void forward(const Shape& s, bool accumulate, const double* image, const double* filter, const double* bias, double* out) {
  const int64_t positions = static_cast<int64_t>(s.out_height) * s.out_width, size = patch_size(s);
  over_samples(s, [&](int64_t n) {
    double* to = out + n * positions * s.out_channels;
    const std::vector<double> patches = patches_of(s, image + n * s.height * s.width * s.channels);
    over_groups(s, [&](const Group& g) {
      gemm(false, true, positions, g.out_channels, g.patch_size, patches.data() + g.patch, size, filter + g.filter,
           g.patch_size, accumulate ? 1.0 : 0.0, to + g.out, s.out_channels);
    });
    if (bias)
      for (int64_t p = 0; p < positions; ++p)
        for (int o = 0; o < s.out_channels; ++o) to[p * s.out_channels + o] += bias[o];
  });
}

void backward_data(const Shape& s, bool accumulate, const double* image, const double* filter, double* out) {
  const int64_t positions = static_cast<int64_t>(s.out_height) * s.out_width, size = patch_size(s);
  const int64_t plane = static_cast<int64_t>(s.height) * s.width * s.channels;
  over_samples(s, [&](int64_t n) {
    std::vector<double> patches(static_cast<size_t>(positions * size));
    over_groups(s, [&](const Group& g) {
      gemm(false, false, positions, g.patch_size, g.out_channels, image + n * positions * s.out_channels + g.out,
           s.out_channels, filter + g.filter, g.patch_size, 0.0, patches.data() + g.patch, size);
    });
    double* to = out + n * plane;
    if (!accumulate) std::fill(to, to + plane, 0.0);
    for (int oh = 0; oh < s.out_height; ++oh)
      for (int ow = 0; ow < s.out_width; ++ow) {
        const double* patch = patches.data() + (static_cast<int64_t>(oh) * s.out_width + ow) * size;
        over_patch(s, oh, ow, [&](int64_t pixel, int64_t from) { to[pixel] += patch[from]; });
      }
  });
}

void backward_weights(const Shape& s, const double* image, const double* cotangent, double* gradient, double* bias) {
  const int64_t positions = static_cast<int64_t>(s.out_height) * s.out_width, size = patch_size(s);
  for (int64_t n = 0; n < s.samples; ++n) {
    const double* c = cotangent + n * positions * s.out_channels;
    const std::vector<double> patches = patches_of(s, image + n * s.height * s.width * s.channels);
    over_groups(s, [&](const Group& g) {
      gemm(true, false, g.out_channels, g.patch_size, positions, c + g.out, s.out_channels, patches.data() + g.patch, size,
           1.0, gradient + g.filter, g.patch_size);
    });
    if (bias)
      for (int64_t p = 0; p < positions; ++p)
        for (int o = 0; o < s.out_channels; ++o) bias[o] += c[p * s.out_channels + o];
  }
}

// ------------------------------------------------------------------------------------------------------ both precisions

void check(const opsig_convolution_arguments& a) {
  const Shape& s = a.shape;
  require(a.terms >= 1 && a.terms <= 2, "a convolution has one or two terms");
  require(a.vectors >= 1 && s.samples >= 1 && s.height >= 1 && s.width >= 1 && s.channels >= 1 && s.out_channels >= 1 &&
              s.kernel_height >= 1 && s.kernel_width >= 1 && s.stride >= 1 && s.padding >= 0,
          "extents must be positive");
  require(s.groups >= 1 && s.channels % s.groups == 0 && s.out_channels % s.groups == 0,
          "groups must divide the channels of input and output");
  require(s.out_height == (s.height + 2 * s.padding - s.kernel_height) / s.stride + 1 &&
              s.out_width == (s.width + 2 * s.padding - s.kernel_width) / s.stride + 1 && s.out_height >= 1 && s.out_width >= 1,
          "the output's extents do not follow from the input's");
}

// Calls body(shape, vector) once per vector, or once for all when they share filters and follow each other as samples.
template <class Body>
void over_vectors(const opsig_convolution_arguments& a, int64_t image_stride, int64_t out_stride, Body body) {
  bool stacks = a.vectors > 1 && a.out.vector_stride == out_stride && a.bias.vector_stride == 0;
  for (int t = 0; t < a.terms; ++t)
    stacks = stacks && a.image[t].vector_stride == image_stride && a.filter[t].vector_stride == 0;
  Shape shape = a.shape;
  if (stacks) shape.samples *= a.vectors;
  for (int64_t j = 0; j < (stacks ? 1 : a.vectors); ++j) body(shape, j);
}

}  // namespace

OPSIG_OPERATION(convolution_forward, opsig_convolution_arguments) {
  const auto& a = arguments;
  check(a);
  with_precision(a.precision, [&](auto zero) {
    using T = decltype(zero);
    over_vectors(a, image_size(a.shape), out_size(a.shape), [&](const Shape& shape, int64_t j) {
      for (int t = 0; t < a.terms; ++t)
        forward(shape, t > 0 || a.accumulate != 0, of<T>(a.image[t], j), of<T>(a.filter[t], j),
                t == 0 ? of<T>(a.bias, j) : nullptr, of<T>(a.out, j));
    });
  });
}

OPSIG_OPERATION(convolution_backward_data, opsig_convolution_arguments) {
  const auto& a = arguments;
  check(a);
  with_precision(a.precision, [&](auto zero) {
    using T = decltype(zero);
    over_vectors(a, out_size(a.shape), image_size(a.shape), [&](const Shape& shape, int64_t j) {
      for (int t = 0; t < a.terms; ++t)
        backward_data(shape, t > 0 || a.accumulate != 0, of<T>(a.image[t], j), of<T>(a.filter[t], j), of<T>(a.out, j));
    });
  });
}

OPSIG_OPERATION(convolution_backward_weights, opsig_convolution_arguments) {
  const auto& a = arguments;
  check(a);
  with_precision(a.precision, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t j = 0; j < a.vectors; ++j)
      for (int t = 0; t < a.terms; ++t)
        backward_weights(a.shape, of<T>(a.image[t], j), of<T>(a.filter[t], j), of<T>(a.out, j),
                         t == 0 ? of<T>(a.bias, j) : nullptr);
  });
}
