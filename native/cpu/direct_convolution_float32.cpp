// oneDNN's direct convolutions on channels-last data.
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "direct_convolution.h"
#include "onednn.h"
#include "parallel.h"
#include "primitive_cache.h"
#include "scratch.h"

namespace opsig {
namespace {

using Shape = opsig_convolution_shape;

// A shape as a key; it has no padding bytes.
struct ComparableShape {
  Shape shape;
  bool operator<(const ComparableShape& other) const { return std::memcmp(&shape, &other.shape, sizeof(Shape)) < 0; }
};

struct OrderedFilter {};
struct Summand {};

void add_to(const float* from, int64_t count, float* to) {
#pragma omp parallel for simd if (count > kParallelElements)
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

int64_t elements(const dnnl::memory::desc& desc) { return static_cast<int64_t>(desc.get_size() / sizeof(float)); }

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
    const convolution_forward::desc plain(prop_kind::forward_training, direct, image_, any, out_, strides, before,
                                          after);
    const convolution_forward::desc biased(prop_kind::forward_training, direct, image_, any, bias_, out_, strides,
                                           before, after);
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
    biased_weights_desc_ = {
        {direct, image_, any, bias_, out_, strides, before, after}, overwrite, onednn_engine(), forward_desc_};
    biased_weights_ = convolution_backward_weights(biased_weights_desc_);
  }

  void forward(bool accumulate, const float* image, const float* filter, const float* bias, float* out) const {
    const auto& desc =
        bias ? (accumulate ? add_biased_desc_ : biased_desc_) : (accumulate ? add_forward_desc_ : forward_desc_);
    const auto& primitive = bias ? (accumulate ? add_biased_ : biased_) : (accumulate ? add_forward_ : forward_);
    Arguments arguments{{DNNL_ARG_SRC, memory(image_, image)},
                        {DNNL_ARG_WEIGHTS, ordered(desc.weights_desc(), filter)},
                        {DNNL_ARG_DST, memory(out_, out)}};
    if (bias) arguments.emplace(DNNL_ARG_BIAS, memory(bias_, bias));
    run_primitive(primitive, desc.scratchpad_desc(), std::move(arguments));
  }

  void backward_data(bool accumulate, const float* image, const float* filter, float* out) const {
    float* to = accumulate ? scratch<Summand>(elements(image_)) : out;
    run_primitive(data_, data_desc_.scratchpad_desc(),
                  {{DNNL_ARG_DIFF_DST, memory(out_, image)},
                   {DNNL_ARG_WEIGHTS, ordered(data_desc_.weights_desc(), filter)},
                   {DNNL_ARG_DIFF_SRC, memory(image_, to)}});
    if (accumulate) add_to(to, elements(image_), out);
  }

  void backward_weights(const float* image, const float* cotangent, float* gradient, float* bias) const {
    const auto& desc = bias ? biased_weights_desc_ : weights_desc_;
    const dnnl::memory::desc packed = desc.diff_weights_desc();
    dnnl::memory result = memory(packed, scratch<OrderedFilter>(elements(packed)));
    std::vector<float> sums(bias ? static_cast<size_t>(bias_.dims()[0]) : 0);
    Arguments arguments{{DNNL_ARG_SRC, memory(image_, image)},
                        {DNNL_ARG_DIFF_DST, memory(out_, cotangent)},
                        {DNNL_ARG_DIFF_WEIGHTS, result}};
    if (bias) arguments.emplace(DNNL_ARG_DIFF_BIAS, memory(bias_, sums.data()));
    run_primitive(bias ? biased_weights_ : weights_, desc.scratchpad_desc(), std::move(arguments));
    const int64_t count = elements(plain_weights_);
    float* plain = scratch<Summand>(count);
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
    dnnl::memory to = memory(desc, scratch<OrderedFilter>(elements(desc)));
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

}  // namespace

void direct_forward(const Shape& s, bool accumulate, const float* image, const float* filter, const float* bias,
                    float* out) {
  known(s)->forward(accumulate, image, filter, bias, out);
}

void direct_backward_data(const Shape& s, bool accumulate, const float* image, const float* filter, float* out) {
  known(s)->backward_data(accumulate, image, filter, out);
}

void direct_backward_weights(const Shape& s, const float* image, const float* cotangent, float* gradient, float* bias) {
  known(s)->backward_weights(image, cotangent, gradient, bias);
}

}  // namespace opsig
