// Convolutions in float32 and float64, the packing of filters, and the sum of the shares of their gradient.
#include "convolution.cuh"

namespace {

using namespace opsig;
using namespace opsig::convolution;

// packed [term, vector, group, line, tap, channel] from [o, c, tap]: lines are output channels and channels the input's
// for the forward pass, and the other way round for the cotangent of the data, whose taps come phase by phase.
// blockIdx.y is the term.
template <class T>
OPSIG_DEVICE void convolution_pack(const Arguments& a, T* packed, int for_data) {
  const Shape& s = a.shape;
  const int term = static_cast<int>(blockIdx.y), in = s.channels / s.groups, out = s.out_channels / s.groups;
  const int lines = for_data ? in : out, channels = for_data ? out : in;
  const int64_t size = filter_size(s), copies = a.filter[term].vector_stride == 0 ? 1 : a.vectors;
  over_elements(copies * size, [&](int64_t i) {
    const QuotientAndRest by_channel = divide(i % size, channels), by_tap = divide(by_channel.quotient, taps(s)),
                          by_line = divide(by_tap.quotient, lines);
    const int group = static_cast<int>(by_line.quotient);
    const int64_t o = group * out + (for_data ? by_channel.rest : by_line.rest);
    const int c = for_data ? by_line.rest : by_channel.rest;
    const int64_t to = i + (for_data ? (place_of_tap(s, by_tap.rest) - by_tap.rest) * channels : 0);
    packed[static_cast<int64_t>(term) * a.vectors * size + to] =
        of<T>(a.filter[term], i / size)[(o * in + c) * taps(s) + by_tap.rest];
  });
}

// Adds the shares in their order to the gradient [O, C/G, KH, KW].
template <class T>
OPSIG_DEVICE void convolution_weights_finish(const Arguments& a, const T* partial, int64_t shares) {
  const Shape& s = a.shape;
  const int64_t size = filter_size(s);
  const int channels = s.channels / s.groups;
  over_elements(a.vectors * size, [&](int64_t i) {
    T sum = 0;
    for (int64_t share = 0; share < shares; ++share) sum += partial[share * a.vectors * size + i];
    const QuotientAndRest by_channel = divide(i % size, channels), by_tap = divide(by_channel.quotient, taps(s));
    of<T>(a.out, i / size)[(by_tap.quotient * channels + by_channel.rest) * taps(s) + by_tap.rest] += sum;
  });
}

}  // namespace

CONVOLUTION_KERNELS((TileProduct<float, 128>), 256, 128_float32)
CONVOLUTION_KERNELS((TileProduct<float, 64>), 256, 64_float32)
CONVOLUTION_KERNELS((TileProduct<float, 32>), 256, 32_float32)
CONVOLUTION_KERNELS((TileProduct<double, 64>), 256, 64_float64)
CONVOLUTION_KERNELS((TileProduct<double, 32>), 256, 32_float64)

OPSIG_KERNEL(convolution_pack_float32, 256, opsig_convolution_arguments a, float* packed, int for_data) {
  convolution_pack(a, packed, for_data);
}
OPSIG_KERNEL(convolution_pack_float64, 256, opsig_convolution_arguments a, double* packed, int for_data) {
  convolution_pack(a, packed, for_data);
}
OPSIG_KERNEL(convolution_weights_finish_float32, 256, opsig_convolution_arguments a, const float* partial,
             int64_t shares) {
  convolution_weights_finish(a, partial, shares);
}
OPSIG_KERNEL(convolution_weights_finish_float64, 256, opsig_convolution_arguments a, const double* partial,
             int64_t shares) {
  convolution_weights_finish(a, partial, shares);
}
