#include "opsig/convolution.h"

#include <cmath>
#include <string>
#include <vector>

#include "support.h"
#include "winograd_bound.h"

namespace opsig::test {
namespace {

using Shape = opsig_convolution_shape;

Shape shape(int64_t samples, int height, int width, int channels, int out_channels, int kernel_height, int kernel_width,
            int stride, int padding, int groups = 1) {
  return {samples,
          height,
          width,
          channels,
          (height + 2 * padding - kernel_height) / stride + 1,
          (width + 2 * padding - kernel_width) / stride + 1,
          out_channels,
          kernel_height,
          kernel_width,
          stride,
          padding,
          groups,
          0};
}

// Calls visit(element of the image, of the filter, of the output) for every product of the convolution.
template <class Visit>
void over(const Shape& s, Visit visit) {
  for (int64_t n = 0; n < s.samples; ++n)
    for (int oh = 0; oh < s.out_height; ++oh)
      for (int ow = 0; ow < s.out_width; ++ow)
        for (int kh = 0; kh < s.kernel_height; ++kh)
          for (int kw = 0; kw < s.kernel_width; ++kw) {
            const int h = oh * s.stride - s.padding + kh, w = ow * s.stride - s.padding + kw;
            if (h < 0 || w < 0 || h >= s.height || w >= s.width) continue;
            const int group_channels = s.channels / s.groups;
            for (int c = 0; c < group_channels; ++c)
              for (int o = 0; o < s.out_channels; ++o)
                visit(((n * s.height + h) * s.width + w) * s.channels +
                          o / (s.out_channels / s.groups) * group_channels + c,
                      ((static_cast<int64_t>(o) * group_channels + c) * s.kernel_height + kh) * s.kernel_width + kw,
                      ((n * s.out_height + oh) * s.out_width + ow) * s.out_channels + o);
          }
}

enum class Pass { kForward, kBackwardData, kBackwardWeights };

const char* name(Pass pass) {
  return pass == Pass::kForward        ? "convolution_forward"
         : pass == Pass::kBackwardData ? "convolution_backward_data"
                                       : "convolution_backward_weights";
}

// What the vectors of a call share.
enum class Sharing {
  kNothing,
  kCrosswise,  // the first term's image and the second's filter, as in the passes of a layer
  kFilters,    // filters and bias: without a gap between vectors these may become samples
};

template <class T>
std::vector<double> winograd_bounds(Pass pass, const opsig_convolution_arguments& a, int64_t out_size, int vector) {
  const WinogradBound bound;
  const Shape& s = a.shape;
  std::vector<double> magnitudes(static_cast<size_t>(out_size));
  const auto at = [&](const opsig_vectors& tensor) {
    return static_cast<const T*>(tensor.data) + vector * tensor.vector_stride;
  };
  for (int t = 0; t < a.terms; ++t) {
    if (pass == Pass::kBackwardWeights)
      bound.add_weights(s, at(a.image[t]), at(a.filter[t]), magnitudes);
    else
      bound.add_correlation(s, pass == Pass::kBackwardData, at(a.image[t]), at(a.filter[t]), magnitudes);
  }
  const int64_t tiles = s.samples * ((s.out_height + 3) / 4) * ((s.out_width + 3) / 4);
  const int64_t depth = pass == Pass::kForward ? s.channels : pass == Pass::kBackwardData ? s.out_channels : tiles;
  for (double& magnitude : magnitudes)
    magnitude *= static_cast<double>(a.terms * depth + WinogradBound::kRoundings) * roundoff<T>();
  return magnitudes;
}

// How the library computes a shape, on which the bound of its rounding error depends.
enum class Algorithm { kDirect, kWinograd };

template <class T>
void test_pass(Algorithm algorithm, Pass pass, const Shape& s, int vectors, int terms, bool accumulate, bool with_bias,
               Sharing sharing, int64_t gap) {
  const int64_t images = s.samples * s.height * s.width * s.channels;
  const int64_t outs = s.samples * s.out_height * s.out_width * s.out_channels;
  const int64_t filters =
      static_cast<int64_t>(s.out_channels) * s.channels / s.groups * s.kernel_height * s.kernel_width;
  const int64_t image_size = pass == Pass::kBackwardData ? outs : images;
  const int64_t filter_size = pass == Pass::kBackwardWeights ? outs : filters;
  const int64_t out_size = pass == Pass::kForward ? outs : pass == Pass::kBackwardData ? images : filters;

  opsig_convolution_arguments a{};
  a.precision = precision_of<T>();
  a.terms = terms;
  a.accumulate = accumulate;
  a.vectors = vectors;
  a.shape = s;
  std::vector<Array<T>> operands;
  for (int t = 0; t < terms; ++t) {
    a.image[t].vector_stride = sharing == Sharing::kCrosswise && t == 0 ? 0 : image_size + gap;
    const bool one_filter = sharing == Sharing::kFilters || (sharing == Sharing::kCrosswise && t == 1);
    a.filter[t].vector_stride = one_filter ? 0 : filter_size + gap;
    operands.push_back(random_array<T>((vectors - 1) * a.image[t].vector_stride + image_size, 1 + t));
    a.image[t].data = operands.back().data();
    operands.push_back(random_array<T>((vectors - 1) * a.filter[t].vector_stride + filter_size, 3 + t));
    a.filter[t].data = operands.back().data();
  }
  // Weight gradients are always added to.
  const bool adds = accumulate || pass == Pass::kBackwardWeights;
  a.out.vector_stride = out_size + gap;
  const int64_t total = (vectors - 1) * a.out.vector_stride + out_size;
  Array<T> out = adds ? random_array<T>(total, 5) : Array<T>(total);
  const Array<T> before = out.copy();
  a.out.data = out.data();
  a.bias.vector_stride = with_bias && sharing != Sharing::kFilters ? s.out_channels + 1 : 0;
  Array<T> bias = random_array<T>((vectors - 1) * a.bias.vector_stride + s.out_channels, 6);
  const Array<T> bias_before = bias.copy();
  a.bias.data = with_bias ? bias.data() : nullptr;
  run(name(pass), a);

  const auto at = [&](const opsig_vectors& tensor, int j, int64_t i) {
    return static_cast<double>(static_cast<const T*>(tensor.data)[j * tensor.vector_stride + i]);
  };
  for (int j = 0; j < vectors; ++j) {
    std::unique_ptr<Sum[]> sums(new Sum[static_cast<size_t>(out_size)]),
        of_bias(new Sum[static_cast<size_t>(s.out_channels)]);
    if (adds)
      for (int64_t i = 0; i < out_size; ++i) sums[i].add(before[j * a.out.vector_stride + i]);
    if (with_bias && pass == Pass::kForward)
      for (int64_t i = 0; i < out_size; ++i) sums[i].add(bias_before[j * a.bias.vector_stride + i % s.out_channels]);
    if (with_bias && pass == Pass::kBackwardWeights) {
      for (int o = 0; o < s.out_channels; ++o) of_bias[o].add(bias_before[j * a.bias.vector_stride + o]);
      for (int64_t i = 0; i < outs; ++i) of_bias[i % s.out_channels].add(at(a.filter[0], j, i));
    }
    for (int t = 0; t < terms; ++t)
      over(s, [&](int64_t image, int64_t filter, int64_t output) {
        if (pass == Pass::kForward)
          sums[output].add(at(a.image[t], j, image) * at(a.filter[t], j, filter));
        else if (pass == Pass::kBackwardData)
          sums[image].add(at(a.image[t], j, output) * at(a.filter[t], j, filter));
        else
          sums[filter].add(at(a.image[t], j, image) * at(a.filter[t], j, output));
      });
    if (algorithm == Algorithm::kDirect) {
      for (int64_t i = 0; i < out_size; ++i) sums[i].expect(name(pass), out[j * a.out.vector_stride + i]);
    } else {
      const std::vector<double> bounds = winograd_bounds<T>(pass, a, out_size, j);
      for (int64_t i = 0; i < out_size; ++i)
        expect_near(std::string(name(pass)) + " by Winograd's algorithm", out[j * a.out.vector_stride + i],
                    sums[i].value(), bounds[static_cast<size_t>(i)] + 4 * roundoff<T>() * std::fabs(sums[i].value()));
    }
    for (int o = 0; o < s.out_channels && with_bias; ++o) {
      if (pass == Pass::kBackwardWeights)
        of_bias[o].expect("convolution_backward_weights, bias", bias[j * a.bias.vector_stride + o]);
      else
        expect_near("a bias that is read", bias[j * a.bias.vector_stride + o],
                    bias_before[j * a.bias.vector_stride + o], 0);
    }
  }
}

template <class T>
void test_shape(const Shape& s) {
  for (const bool flag : {false, true})
    for (const int64_t gap : {0, 5}) {
      test_pass<T>(Algorithm::kDirect, Pass::kForward, s, 2, 1, flag, flag, Sharing::kNothing, gap);
      test_pass<T>(Algorithm::kDirect, Pass::kForward, s, 2, 2, flag, !flag, Sharing::kCrosswise, gap);
      test_pass<T>(Algorithm::kDirect, Pass::kForward, s, 3, 1, flag, true, Sharing::kFilters, gap);
      test_pass<T>(Algorithm::kDirect, Pass::kBackwardData, s, 2, 1, flag, false, Sharing::kNothing, gap);
      test_pass<T>(Algorithm::kDirect, Pass::kBackwardData, s, 3, 1, flag, false, Sharing::kFilters, gap);
      test_pass<T>(Algorithm::kDirect, Pass::kBackwardData, s, 2, 2, flag, false, Sharing::kCrosswise, gap);
      test_pass<T>(Algorithm::kDirect, Pass::kBackwardWeights, s, 1, 1, false, flag, Sharing::kNothing, gap);
      test_pass<T>(Algorithm::kDirect, Pass::kBackwardWeights, s, 2, 2, false, flag, Sharing::kCrosswise, gap);
    }
}

template <class T>
void test_precision() {
  test_shape<T>(shape(1, 1, 1, 1, 1, 1, 1, 1, 0));
  test_shape<T>(shape(3, 5, 4, 3, 7, 3, 3, 1, 1));
  test_shape<T>(shape(2, 7, 6, 5, 3, 3, 2, 2, 1));
  test_shape<T>(shape(2, 6, 5, 17, 19, 1, 1, 1, 0));
  // A last row and column that no window reaches.
  test_shape<T>(shape(2, 8, 8, 2, 4, 3, 3, 3, 0));
  test_shape<T>(shape(5, 9, 9, 16, 16, 3, 3, 2, 1));
  // Pixels between the windows that no tap reaches, taps that fall on other pixels than those beside them, and an image
  // that is strided along one side only.
  test_shape<T>(shape(2, 6, 5, 4, 3, 1, 1, 2, 1));
  test_shape<T>(shape(2, 8, 7, 3, 5, 2, 2, 3, 0));
  test_shape<T>(shape(2, 9, 8, 4, 4, 5, 5, 3, 2));
  test_shape<T>(shape(2, 1, 9, 3, 4, 1, 5, 2, 0));
  test_shape<T>(shape(2, 5, 4, 6, 9, 3, 3, 1, 1, 3));
  test_shape<T>(shape(3, 6, 5, 32, 16, 3, 2, 2, 1, 2));
  // Depth-wise, one and two outputs to a channel.
  test_shape<T>(shape(2, 7, 6, 16, 16, 3, 3, 1, 1, 16));
  test_shape<T>(shape(2, 5, 5, 5, 10, 3, 3, 2, 1, 5));
}

void test_winograd(const Shape& s, int64_t gap) {
  const auto test = [&](Pass pass, int vectors, int terms, bool flag, Sharing sharing) {
    test_pass<float>(Algorithm::kWinograd, pass, s, vectors, terms, flag, flag, sharing, gap);
  };
  test(Pass::kForward, 2, 2, true, Sharing::kCrosswise);
  test(Pass::kForward, 3, 1, false, Sharing::kFilters);
  test(Pass::kBackwardData, 2, 2, false, Sharing::kCrosswise);
  test(Pass::kBackwardData, 2, 1, true, Sharing::kFilters);
  test(Pass::kBackwardWeights, 2, 2, true, Sharing::kCrosswise);
}

// Tiles cut by the image's right and lower edge, without padding and with the most, and more tiles than a chunk holds.
void test_winograd() {
  test_winograd(shape(3, 7, 9, 32, 48, 3, 3, 1, 1), 5);
  test_winograd(shape(4, 8, 8, 48, 32, 3, 3, 1, 0), 0);
  test_winograd(shape(4, 6, 5, 32, 32, 3, 3, 1, 2), 0);
  const Shape many_tiles = shape(60, 16, 16, 32, 32, 3, 3, 1, 1);
  for (const Pass pass : {Pass::kForward, Pass::kBackwardWeights})
    test_pass<float>(Algorithm::kWinograd, pass, many_tiles, 1, 1, true, false, Sharing::kNothing, 0);
}

// Two transformed filters and a chunk of tiles; nothing worth counting where the definition is followed.
void test_scratch() {
  opsig_convolution_arguments a{};
  a.precision = OPSIG_FLOAT32;
  a.terms = a.vectors = 1;
  int64_t bytes = -1;
  a.shape = shape(64, 16, 16, 64, 32, 3, 3, 1, 1);
  run("convolution_scratch", opsig_convolution_scratch_arguments{a, &bytes});
  if (bytes < 36 * 2 * 64 * 32 * 4 || bytes > 36 * 2 * 65 * 32 * 4 + (9 << 20))
    fail("convolution_scratch is not as planned");
  a.shape = shape(64, 16, 16, 64, 32, 5, 5, 1, 2);
  run("convolution_scratch", opsig_convolution_scratch_arguments{a, &bytes});
  if (bytes != 0) fail("convolution_scratch of a direct convolution is not 0");
}

// Memory that cannot be had, asked for by several threads at once, is a status and not the end of the process. Nothing
// is read before the patches of a sample, 1e17 bytes, are asked for. AddressSanitizer's operator new ends the process
// instead of throwing.
void test_out_of_memory() {
#if !defined(__SANITIZE_ADDRESS__)
  Array<double> nothing(1);
  opsig_convolution_arguments a{};
  a.precision = OPSIG_FLOAT64;
  a.terms = a.vectors = 1;
  a.shape = shape(3, 40000, 40000, 1, 1, 3001, 3001, 1, 1500);
  a.image[0].data = a.filter[0].data = a.out.data = nothing.data();
  for (const char* pass : {"convolution_forward", "convolution_backward_data", "convolution_backward_weights"})
    if (try_run(pass, a) != OPSIG_OUT_OF_MEMORY) fail(std::string(pass) + " found memory that there is not");
#endif
}

}  // namespace

void test_convolutions() {
  test_out_of_memory();
  test_precision<float>();
  test_precision<double>();
  test_winograd();
  test_scratch();
  opsig_convolution_arguments a{};
  expect_refusal("convolution_forward", a, "terms");
  a.terms = 1;
  expect_refusal("convolution_backward_data", a, "positive");
  a.vectors = 1;
  a.shape = shape(1, 4, 4, 1, 1, 3, 3, 1, 1);
  a.shape.out_width = 5;
  expect_refusal("convolution_backward_weights", a, "extents");
  a.shape = shape(1, 4, 4, 4, 6, 3, 3, 1, 1, 4);
  expect_refusal("convolution_forward", a, "groups");
}

}  // namespace opsig::test
