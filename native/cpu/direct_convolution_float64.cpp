// Each sample's patches times the filter, by our own product.
#include <algorithm>
#include <vector>

#include "direct_convolution.h"
#include "gemm.h"
#include "parallel.h"

namespace opsig {
namespace {

using Shape = opsig_convolution_shape;

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

// One group's part of a sample's product: its columns of the patches, of the filter's rows and of the output's
// channels.
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

}  // namespace

void direct_forward(const Shape& s, bool accumulate, const double* image, const double* filter, const double* bias,
                    double* out) {
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

void direct_backward_data(const Shape& s, bool accumulate, const double* image, const double* filter, double* out) {
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

void direct_backward_weights(const Shape& s, const double* image, const double* cotangent, double* gradient,
                             double* bias) {
  const int64_t positions = static_cast<int64_t>(s.out_height) * s.out_width, size = patch_size(s);
  for (int64_t n = 0; n < s.samples; ++n) {
    const double* c = cotangent + n * positions * s.out_channels;
    const std::vector<double> patches = patches_of(s, image + n * s.height * s.width * s.channels);
    over_groups(s, [&](const Group& g) {
      gemm(true, false, g.out_channels, g.patch_size, positions, c + g.out, s.out_channels, patches.data() + g.patch,
           size, 1.0, gradient + g.filter, g.patch_size);
    });
    if (bias)
      for (int64_t p = 0; p < positions; ++p)
        for (int o = 0; o < s.out_channels; ++o) bias[o] += c[p * s.out_channels + o];
  }
}

}  // namespace opsig
