// Convolutions as implicit products on channels-last images (tile_product.cuh): the patches are never stored, each
// block gathers those of its tile. Per group of channels, with R = KH KW:
//   forward           rows (n, oh, ow), columns o,           depth (kh, kw, c)
//   backward_data     rows (n, h, w),   columns c,           depth (kh, kw, o)
//   backward_weights  rows o,           columns (kh, kw, c), depth (n, oh, ow), which is cut into shares
// Depth runs over channels first, so that 16-byte runs of pixels are read. Filters come in PyTorch's order and are
// packed for each call: they are small beside the images.
#pragma once

#include "opsig/convolution.h"
#include "tile_product.cuh"

namespace opsig::convolution {

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

// Whether the channels of a group are whole 16-byte words, aligned wherever they begin.
template <class T>
OPSIG_DEVICE bool whole_words(const T* first, int channels, int groups) {
  constexpr int kVector = 16 / sizeof(T);
  return reinterpret_cast<uint64_t>(first) % 16 == 0 && channels / groups % kVector == 0;
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
  bool wide;
  static constexpr bool depth_contiguous = true;

  OPSIG_DEVICE PatchRows(const Shape* shape_of_image, const T* data)
      : shape(shape_of_image), image(data), wide(whole_words(data, shape->channels, shape->groups)) {}
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

  OPSIG_DEVICE PatchColumns(const Shape* shape_of_image, const T* data)
      : shape(shape_of_image), image(data), wide(whole_words(data, shape->channels, shape->groups)) {}
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
  bool wide;
  static constexpr bool depth_contiguous = true;

  OPSIG_DEVICE CotangentRows(const Shape* shape_of_image, const T* data)
      : shape(shape_of_image), cotangent(data), wide(whole_words(data, shape->out_channels, shape->groups)) {}
  OPSIG_DEVICE Line line(int64_t i) const {
    const QuotientAndRest by_column = divide(i, shape->width), by_row = divide(by_column.quotient, shape->height);
    return {{by_row.quotient, by_row.rest + shape->padding, by_column.rest + shape->padding},
            i < shape->samples * shape->height * shape->width};
  }
  OPSIG_DEVICE Step step(int64_t k) const { return tap(k, *shape, shape->out_channels / shape->groups); }
  OPSIG_DEVICE const T* at(const Line& line, const Step& step) const {
    const int h = line.pixel.h - step.kh, w = line.pixel.w - step.kw, oh = h / shape->stride, ow = w / shape->stride;
    if (!line.inside || h < 0 || w < 0 || oh * shape->stride != h || ow * shape->stride != w ||
        oh >= shape->out_height || ow >= shape->out_width)
      return nullptr;
    return cotangent + ((line.pixel.sample * shape->out_height + oh) * shape->out_width + ow) * shape->out_channels +
           step.channel;
  }
};

// A packed filter [lines, depth], or the cotangent's pixels as depth of lines that are channels.
template <class T, bool DepthContiguous>
struct Plane {
  struct Line {
    const T* first;
  };
  struct Step {
    int64_t offset;
  };
  const T* data;
  int64_t lines, line_stride, depth_stride;
  bool wide;
  static constexpr bool depth_contiguous = DepthContiguous;

  OPSIG_DEVICE Line line(int64_t i) const { return {i < lines ? data + i * line_stride : nullptr}; }
  OPSIG_DEVICE Step step(int64_t k) const { return {k * depth_stride}; }
  OPSIG_DEVICE const T* at(Line line, Step step) const {
    return line.first == nullptr ? nullptr : line.first + step.offset;
  }
};

// Elements of the filters of all groups, and of one vector's.
OPSIG_DEVICE int64_t filter_size(const Shape& s) {
  return static_cast<int64_t>(s.out_channels) * (s.channels / s.groups) * taps(s);
}

// The filter of a term packed as [group, line, kh, kw, channel]; vectors that share it share the packed one.
template <class T>
OPSIG_DEVICE Plane<T, true> packed_filter(const Arguments& a, const T* packed, int term, int64_t vector, int group,
                                          int lines, int channels) {
  const Shape& s = a.shape;
  const int64_t depth = static_cast<int64_t>(taps(s)) * channels;
  const T* first =
      packed +
      (static_cast<int64_t>(term) * a.vectors + (a.filter[term].vector_stride == 0 ? 0 : vector)) * filter_size(s);
  return {first + group * lines * depth, lines, depth, 1, whole_words(packed, channels, 1)};
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

// Rows are PatchRows or CotangentRows of an image of `from` channels; columns are the filter's `to` channels.
template <class T, class Rows>
struct FilterOperands {
  const Arguments& arguments;
  const T* packed;
  const Place& place;
  int from, to;
  OPSIG_DEVICE Rows a(int term) const {
    return {&arguments.shape, of<T>(arguments.image[term], place.vector) + place.group * from};
  }
  OPSIG_DEVICE Plane<T, true> b(int term) const {
    return packed_filter(arguments, packed, term, place.vector, place.group, to, from);
  }
};

// out [pixels, channels] = [accumulate] out + rows times the filters + bias, by group.
template <class Core, class Rows>
OPSIG_DEVICE void filter(const Arguments& a, const typename Core::Number* packed, int64_t pixels, int in_channels,
                         int out_channels, const opsig_vectors& of_bias) {
  using T = typename Core::Number;
  const Shape& s = a.shape;
  const int from = in_channels / s.groups, columns = out_channels / s.groups;
  const Place place(s, columns, Core::kTile);
  T* out = of<T>(a.out, place.vector) + place.group * columns;
  const T* bias = of<T>(of_bias, place.vector);
  Core::template run<Rows, Plane<T, true>>(a.terms, 0, static_cast<int64_t>(taps(s)) * from, place.r0, place.c0,
                                           FilterOperands<T, Rows>{a, packed, place, from, columns},
                                           [&](int i, int j, T value) {
                                             const int64_t row = place.r0 + i, column = place.c0 + j;
                                             if (row >= pixels || column >= columns) return;
                                             if (bias != nullptr) value += bias[place.group * columns + column];
                                             T* to = out + row * out_channels + column;
                                             *to = a.accumulate ? *to + value : value;
                                           });
}

template <class Core>
OPSIG_DEVICE void forward(const Arguments& a, const typename Core::Number* packed) {
  const Shape& s = a.shape;
  filter<Core, PatchRows<typename Core::Number>>(a, packed, s.samples * s.out_height * s.out_width, s.channels,
                                                 s.out_channels, a.bias);
}

template <class Core>
OPSIG_DEVICE void backward_data(const Arguments& a, const typename Core::Number* packed) {
  const Shape& s = a.shape;
  filter<Core, CotangentRows<typename Core::Number>>(a, packed, s.samples * s.height * s.width, s.out_channels,
                                                     s.channels, {});
}

template <class T>
struct WeightOperands {
  const Arguments& arguments;
  const Place& place;
  OPSIG_DEVICE Plane<T, false> a(int term) const {
    const Shape& s = arguments.shape;
    const int lines = s.out_channels / s.groups;
    const T* first = of<T>(arguments.filter[term], place.vector) + place.group * lines;
    return {first, lines, 1, s.out_channels, whole_words(first, s.out_channels, s.groups)};
  }
  OPSIG_DEVICE PatchColumns<T> b(int term) const {
    const Shape& s = arguments.shape;
    return {&s, of<T>(arguments.image[term], place.vector) + place.group * (s.channels / s.groups)};
  }
};

// partial [share, vector, group, o, (kh, kw, c)]
template <class Core>
OPSIG_DEVICE void backward_weights(const Arguments& a, const TilePlan& plan) {
  using T = typename Core::Number;
  const Shape& s = a.shape;
  const int rows = s.out_channels / s.groups;
  const int64_t columns = static_cast<int64_t>(taps(s)) * (s.channels / s.groups);
  const int64_t depth = s.samples * s.out_height * s.out_width, begin = blockIdx.z * plan.depth_of_share;
  const Place place(s, columns, Core::kTile);
  T* out = static_cast<T*>(plan.partial) + (static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y) * rows * columns;
  Core::template run<Plane<T, false>, PatchColumns<T>>(a.terms, begin, min(depth, begin + plan.depth_of_share),
                                                       place.r0, place.c0, WeightOperands<T>{a, place},
                                                       [&](int i, int j, T value) {
                                                         const int64_t row = place.r0 + i, column = place.c0 + j;
                                                         if (row < rows && column < columns)
                                                           out[row * columns + column] = value;
                                                       });
}

}  // namespace opsig::convolution

// The kernels of one core.
#define CONVOLUTION_KERNELS(CORE, THREADS, SUFFIX)                                                                    \
  OPSIG_KERNEL(convolution_forward_##SUFFIX, THREADS, opsig_convolution_arguments a, const void* packed) {            \
    using Core = OPSIG_UNPACK CORE;                                                                                   \
    opsig::convolution::forward<Core>(a, static_cast<const Core::Number*>(packed));                                   \
  }                                                                                                                   \
  OPSIG_KERNEL(convolution_backward_data_##SUFFIX, THREADS, opsig_convolution_arguments a, const void* packed) {      \
    using Core = OPSIG_UNPACK CORE;                                                                                   \
    opsig::convolution::backward_data<Core>(a, static_cast<const Core::Number*>(packed));                             \
  }                                                                                                                   \
  OPSIG_KERNEL(convolution_backward_weights_##SUFFIX, THREADS, opsig_convolution_arguments a, opsig::TilePlan plan) { \
    opsig::convolution::backward_weights<OPSIG_UNPACK CORE>(a, plan);                                                 \
  }
