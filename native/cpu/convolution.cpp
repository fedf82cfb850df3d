#include "opsig/convolution.h"

#include "activation_pass.h"
#include "convolution_tensors.h"
#include "direct_convolution.h"
#include "operation.h"
#include "winograd.h"

namespace {

using namespace opsig;
using Shape = opsig_convolution_shape;

void check(const opsig_convolution_arguments& a) {
  const Shape& s = a.shape;
  require(a.terms >= 1 && a.terms <= 2, "a convolution has one or two terms");
  require(a.vectors >= 1 && s.samples >= 1 && s.height >= 1 && s.width >= 1 && s.channels >= 1 && s.out_channels >= 1 &&
              s.kernel_height >= 1 && s.kernel_width >= 1 && s.stride >= 1 && s.padding >= 0,
          "extents must be positive");
  require(s.groups >= 1 && s.channels % s.groups == 0 && s.out_channels % s.groups == 0,
          "groups must divide the channels of input and output");
  require(s.out_height == (s.height + 2 * s.padding - s.kernel_height) / s.stride + 1 &&
              s.out_width == (s.width + 2 * s.padding - s.kernel_width) / s.stride + 1 && s.out_height >= 1 &&
              s.out_width >= 1,
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

void direct_forward(const opsig_convolution_arguments& a) {
  with_precision(a.precision, [&](auto zero) {
    using T = decltype(zero);
    over_vectors(a, image_size(a.shape), out_size(a.shape), [&](const Shape& shape, int64_t j) {
      for (int t = 0; t < a.terms; ++t)
        opsig::direct_forward(shape, t > 0 || a.accumulate != 0, of<T>(a.image[t], j), of<T>(a.filter[t], j),
                              t == 0 ? of<T>(a.bias, j) : nullptr, of<T>(a.out, j));
    });
  });
}

void direct_backward_data(const opsig_convolution_arguments& a) {
  with_precision(a.precision, [&](auto zero) {
    using T = decltype(zero);
    over_vectors(a, out_size(a.shape), image_size(a.shape), [&](const Shape& shape, int64_t j) {
      for (int t = 0; t < a.terms; ++t)
        opsig::direct_backward_data(shape, t > 0 || a.accumulate != 0, of<T>(a.image[t], j), of<T>(a.filter[t], j),
                                    of<T>(a.out, j));
    });
  });
}

}  // namespace

OPSIG_OPERATION(convolution_scratch, opsig_convolution_scratch_arguments) {
  const auto& a = arguments.convolution;
  check(a);
  // A direct convolution keeps little more than its filter in another order.
  *arguments.bytes = winograd_pays(a) ? winograd_scratch(a.shape) : 0;
}

OPSIG_OPERATION(convolution_forward, opsig_convolution_arguments) {
  check(arguments);
  winograd_pays(arguments) ? winograd_forward(arguments) : direct_forward(arguments);
  go_on(arguments.then, arguments.accumulate != 0);
}

OPSIG_OPERATION(convolution_backward_data, opsig_convolution_arguments) {
  check(arguments);
  winograd_pays(arguments) ? winograd_backward_data(arguments) : direct_backward_data(arguments);
  go_on(arguments.then, arguments.accumulate != 0);
}

OPSIG_OPERATION(convolution_backward_weights, opsig_convolution_arguments) {
  const auto& a = arguments;
  check(a);
  if (winograd_pays(a)) return winograd_backward_weights(a);
  with_precision(a.precision, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t j = 0; j < a.vectors; ++j)
      for (int t = 0; t < a.terms; ++t)
        direct_backward_weights(a.shape, of<T>(a.image[t], j), of<T>(a.filter[t], j), of<T>(a.out, j),
                                t == 0 ? of<T>(a.bias, j) : nullptr);
  });
}
