// Convolutions as implicit products on channels-last images (tile_product.cuh): the patches are never stored, each block gathers
// those of its tile. Per group of channels, with R = KH KW:
//   forward           rows (n, oh, ow), columns o,           depth (kh, kw, c)
//   backward_data     rows (n, h, w),   columns c,           depth (kh, kw, o)
//   backward_weights  rows o,           columns (kh, kw, c), depth (n, oh, ow), which is cut into shares
// Depth runs over channels first, so that 16-byte runs of pixels are read. Filters come in PyTorch's order and are
// packed for each call: they are small beside the images.
#include "opsig/convolution.h"

#include "tile_product.cuh"

namespace {

using namespace opsig;
using Shape = opsig_convolution_shape;
using Arguments = opsig_convolution_arguments;

template <class T>
OPSIG_DEVICE T* of(const opsig_vectors& tensor, int64_t vector) {
  return tensor.data == nullptr ? nullptr : static_cast<T*>(tensor.data) + vector * tensor.vector_stride;
}

OPSIG_DEVICE int taps(const Shape& s) { return s.kernel_height * s.kernel_width; }

// A place in a patch, (kh, kw, channel) with `channels` of them.
struct Tap {
  int kh, kw, channel;
};

OPSIG_DEVICE Tap tap(int64_t depth, const Shape& s, int channels) {
  const int at = static_cast<int>(depth), position = at / channels;
  return {position / s.kernel_width, position % s.kernel_width, at % channels};
}

// The upper left corner of the patch of an output pixel, in its image.
struct Corner {
  int64_t sample;
  int h, w;
};

OPSIG_DEVICE Corner corner(int64_t pixel, const Shape& s) {
  const QuotientAndRest by_column = divide(pixel, s.out_width), by_row = divide(by_column.quotient, s.out_height);
  return {by_row.quotient, by_row.rest * s.stride - s.padding, by_column.rest * s.stride - s.padding};
}

template <class T>
OPSIG_DEVICE const T* image_at(const T* image, const Shape& s, const Corner& from, const Tap& tap) {
  const int h = from.h + tap.kh, w = from.w + tap.kw;
  if (h < 0 || h >= s.height || w < 0 || w >= s.width) return nullptr;
  return image + ((from.sample * s.height + h) * s.width + w) * s.channels + tap.channel;
}

// Lines are output pixels, depth the patch.
template <class T>
struct PatchRows {
  struct Line {
    Corner corner;
    bool inside;
  };
  using Step = Tap;
  const Shape* shape;
  const T* image;
  static constexpr bool depth_contiguous = true, wide = false;

  OPSIG_DEVICE Line line(int64_t i) const {
    const bool inside = i < shape->samples * shape->out_height * shape->out_width;
    return {corner(inside ? i : 0, *shape), inside};
  }
  OPSIG_DEVICE Step step(int64_t k) const { return tap(k, *shape, shape->channels / shape->groups); }
  OPSIG_DEVICE const T* at(const Line& line, const Step& step) const {
    return line.inside ? image_at(image, *shape, line.corner, step) : nullptr;
  }
};

// Lines are places of the patch, depth the output pixels.
template <class T>
struct PatchColumns {
  struct Line {
    Tap tap;
    bool inside;
  };
  using Step = Corner;
  const Shape* shape;
  const T* image;
  static constexpr bool depth_contiguous = false;
  bool wide;

  OPSIG_DEVICE PatchColumns(const Shape* shape_of_image, const T* data) : shape(shape_of_image), image(data) {
    constexpr int kVector = 16 / sizeof(T);
    wide = reinterpret_cast<uint64_t>(data) % 16 == 0 && shape->channels % kVector == 0 && shape->channels / shape->groups % kVector == 0;
  }
  OPSIG_DEVICE Line line(int64_t i) const {
    const int channels = shape->channels / shape->groups;
    return {tap(i, *shape, channels), i < static_cast<int64_t>(taps(*shape)) * channels};
  }
  OPSIG_DEVICE Step step(int64_t k) const { return corner(k, *shape); }
  OPSIG_DEVICE const T* at(const Line& line, const Step& step) const {
    return line.inside ? image_at(image, *shape, step, line.tap) : nullptr;
  }
};

// Lines are pixels of the input, depth the cotangents that reach them: (kh, kw, output channel).
template <class T>
struct CotangentRows {
  struct Line {
    Corner pixel;
    bool inside;
  };
  using Step = Tap;
  const Shape* shape;
  const T* cotangent;
  static constexpr bool depth_contiguous = true, wide = false;

  OPSIG_DEVICE Line line(int64_t i) const {
    const QuotientAndRest by_column = divide(i, shape->width), by_row = divide(by_column.quotient, shape->height);
    return {{by_row.quotient, by_row.rest + shape->padding, by_column.rest + shape->padding}, i < shape->samples * shape->height * shape->width};
  }
  OPSIG_DEVICE Step step(int64_t k) const { return tap(k, *shape, shape->out_channels / shape->groups); }
  OPSIG_DEVICE const T* at(const Line& line, const Step& step) const {
    const int h = line.pixel.h - step.kh, w = line.pixel.w - step.kw, oh = h / shape->stride, ow = w / shape->stride;
    if (!line.inside || h < 0 || w < 0 || oh * shape->stride != h || ow * shape->stride != w || oh >= shape->out_height || ow >= shape->out_width)
      return nullptr;
    return cotangent + ((line.pixel.sample * shape->out_height + oh) * shape->out_width + ow) * shape->out_channels + step.channel;
  }
};

// A packed filter [lines, depth], or the cotangent's pixels as depth of lines that are channels.
template <class T>
struct Plane {
  struct Line {
    const T* first;
  };
  struct Step {
    int64_t offset;
  };
  const T* data;
  int64_t lines, line_stride, depth_stride;
  bool depth_contiguous, wide;

  OPSIG_DEVICE Line line(int64_t i) const { return {i < lines ? data + i * line_stride : nullptr}; }
  OPSIG_DEVICE Step step(int64_t k) const { return {k * depth_stride}; }
  OPSIG_DEVICE const T* at(Line line, Step step) const { return line.first == nullptr ? nullptr : line.first + step.offset; }
};

// Elements of the filters of all groups, and of one vector's.
OPSIG_DEVICE int64_t filter_size(const Shape& s) {
  return static_cast<int64_t>(s.out_channels) * (s.channels / s.groups) * taps(s);
}

// The filter of a term packed as [group, line, kh, kw, channel]; vectors that share it share the packed one.
template <class T>
OPSIG_DEVICE Plane<T> packed_filter(const Arguments& a, const T* packed, int term, int64_t vector, int group, int lines,
                                    int channels) {
  const Shape& s = a.shape;
  const int64_t depth = static_cast<int64_t>(taps(s)) * channels;
  const T* first = packed + (static_cast<int64_t>(term) * a.vectors + (a.filter[term].vector_stride == 0 ? 0 : vector)) * filter_size(s);
  return {first + group * lines * depth, lines, depth, 1, true, false};
}

// packed [term, vector, group, line, tap, channel] from [o, c, tap]: lines are output channels and channels the input's for the
// forward pass, and the other way round for the cotangent of the data. blockIdx.y is the term.
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
    packed[static_cast<int64_t>(term) * a.vectors * size + i] =
        of<T>(a.filter[term], i / size)[(o * in + c) * taps(s) + by_tap.rest];
  });
}

// The tile of this block: its first row and column, and which product of the batch (vector, group) it belongs to.
struct Place {
  int64_t r0, c0, vector;
  int group;
  OPSIG_DEVICE Place(const Shape& s, int64_t columns, int tile)
      : r0(blockIdx.x / ((columns + tile - 1) / tile) * tile),
        c0(blockIdx.x % ((columns + tile - 1) / tile) * tile),
        vector(blockIdx.y / s.groups),
        group(static_cast<int>(blockIdx.y) % s.groups) {}
};

template <class T>
struct ForwardOperands {
  const Arguments& arguments;
  const T* packed;
  const Place& place;
  OPSIG_DEVICE PatchRows<T> a(int term) const {
    const Shape& s = arguments.shape;
    return {&s, of<T>(arguments.image[term], place.vector) + place.group * (s.channels / s.groups)};
  }
  OPSIG_DEVICE Plane<T> b(int term) const {
    const Shape& s = arguments.shape;
    return packed_filter(arguments, packed, term, place.vector, place.group, s.out_channels / s.groups, s.channels / s.groups);
  }
};

template <class T, int Tile>
OPSIG_DEVICE void convolution_forward(const Arguments& a, const T* packed) {
  const Shape& s = a.shape;
  const int columns = s.out_channels / s.groups;
  const int64_t rows = s.samples * s.out_height * s.out_width;
  const Place place(s, columns, Tile);
  T* out = of<T>(a.out, place.vector) + place.group * columns;
  const T* bias = of<T>(a.bias, place.vector);
  tiled_product<T, Tile, PatchRows<T>, Plane<T>>(
      a.terms, 0, static_cast<int64_t>(taps(s)) * (s.channels / s.groups), place.r0, place.c0,
      ForwardOperands<T>{a, packed, place}, [&](int i, int j, T value) {
        const int64_t row = place.r0 + i, column = place.c0 + j;
        if (row >= rows || column >= columns) return;
        if (bias != nullptr) value += bias[place.group * columns + column];
        T* to = out + row * s.out_channels + column;
        *to = a.accumulate ? *to + value : value;
      });
}

template <class T>
struct DataOperands {
  const Arguments& arguments;
  const T* packed;
  const Place& place;
  OPSIG_DEVICE CotangentRows<T> a(int term) const {
    const Shape& s = arguments.shape;
    return {&s, of<T>(arguments.image[term], place.vector) + place.group * (s.out_channels / s.groups)};
  }
  OPSIG_DEVICE Plane<T> b(int term) const {
    const Shape& s = arguments.shape;
    return packed_filter(arguments, packed, term, place.vector, place.group, s.channels / s.groups, s.out_channels / s.groups);
  }
};

template <class T, int Tile>
OPSIG_DEVICE void convolution_backward_data(const Arguments& a, const T* packed) {
  const Shape& s = a.shape;
  const int columns = s.channels / s.groups;
  const int64_t rows = s.samples * s.height * s.width;
  const Place place(s, columns, Tile);
  T* out = of<T>(a.out, place.vector) + place.group * columns;
  tiled_product<T, Tile, CotangentRows<T>, Plane<T>>(
      a.terms, 0, static_cast<int64_t>(taps(s)) * (s.out_channels / s.groups), place.r0, place.c0,
      DataOperands<T>{a, packed, place}, [&](int i, int j, T value) {
        const int64_t row = place.r0 + i, column = place.c0 + j;
        if (row >= rows || column >= columns) return;
        T* to = out + row * s.channels + column;
        *to = a.accumulate ? *to + value : value;
      });
}

template <class T>
struct WeightOperands {
  const Arguments& arguments;
  const Place& place;
  OPSIG_DEVICE Plane<T> a(int term) const {
    const Shape& s = arguments.shape;
    const int lines = s.out_channels / s.groups;
    constexpr int kVector = 16 / sizeof(T);
    const T* first = of<T>(arguments.filter[term], place.vector) + place.group * lines;
    const bool wide = reinterpret_cast<uint64_t>(first) % 16 == 0 && s.out_channels % kVector == 0 && lines % kVector == 0;
    return {first, lines, 1, s.out_channels, false, wide};
  }
  OPSIG_DEVICE PatchColumns<T> b(int term) const {
    const Shape& s = arguments.shape;
    return {&s, of<T>(arguments.image[term], place.vector) + place.group * (s.channels / s.groups)};
  }
};

// partial [share, vector, group, o, (kh, kw, c)]
template <class T, int Tile>
OPSIG_DEVICE void convolution_backward_weights(const Arguments& a, const TilePlan& plan) {
  const Shape& s = a.shape;
  const int rows = s.out_channels / s.groups;
  const int64_t columns = static_cast<int64_t>(taps(s)) * (s.channels / s.groups);
  const int64_t depth = s.samples * s.out_height * s.out_width, begin = blockIdx.z * plan.depth_of_share;
  const Place place(s, columns, Tile);
  T* out = static_cast<T*>(plan.partial) + (static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y) * rows * columns;
  tiled_product<T, Tile, Plane<T>, PatchColumns<T>>(
      a.terms, begin, min(depth, begin + plan.depth_of_share), place.r0, place.c0, WeightOperands<T>{a, place},
      [&](int i, int j, T value) {
        const int64_t row = place.r0 + i, column = place.c0 + j;
        if (row < rows && column < columns) out[row * columns + column] = value;
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

#define CONVOLUTION_KERNELS(TILE, TYPE, SUFFIX)                                                                         \
  OPSIG_KERNEL(convolution_forward_##TILE##_##SUFFIX, 256, opsig_convolution_arguments a, const TYPE* packed) {       \
    convolution_forward<TYPE, TILE>(a, packed);                                                                         \
  }                                                                                                                     \
  OPSIG_KERNEL(convolution_backward_data_##TILE##_##SUFFIX, 256, opsig_convolution_arguments a, const TYPE* packed) { \
    convolution_backward_data<TYPE, TILE>(a, packed);                                                                   \
  }                                                                                                                     \
  OPSIG_KERNEL(convolution_backward_weights_##TILE##_##SUFFIX, 256, opsig_convolution_arguments a, TilePlan plan) {   \
    convolution_backward_weights<TYPE, TILE>(a, plan);                                                                  \
  }
CONVOLUTION_KERNELS(128, float, float32)
CONVOLUTION_KERNELS(64, float, float32)
CONVOLUTION_KERNELS(32, float, float32)
CONVOLUTION_KERNELS(64, double, float64)
CONVOLUTION_KERNELS(32, double, float64)

OPSIG_KERNEL(convolution_pack_float32, 256, opsig_convolution_arguments a, float* packed, int for_data) {
  convolution_pack(a, packed, for_data);
}
OPSIG_KERNEL(convolution_pack_float64, 256, opsig_convolution_arguments a, double* packed, int for_data) {
  convolution_pack(a, packed, for_data);
}
OPSIG_KERNEL(convolution_weights_finish_float32, 256, opsig_convolution_arguments a, const float* partial, int64_t shares) {
  convolution_weights_finish(a, partial, shares);
}
OPSIG_KERNEL(convolution_weights_finish_float64, 256, opsig_convolution_arguments a, const double* partial, int64_t shares) {
  convolution_weights_finish(a, partial, shares);
}
