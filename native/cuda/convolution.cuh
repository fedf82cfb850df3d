// Convolutions as implicit products on channels-last images (tile_product.cuh): the patches are never stored, each
// block gathers those of its tile. Per group of channels:
//   forward           rows (n, oh, ow), columns o,           depth (kh, kw, c)
//   backward_data     rows (n, h, w),   columns c,           depth (kh, kw, o), each by phase (convolution_phase.cuh)
//   backward_weights  rows o,           columns (kh, kw, c), depth (n, oh, ow), which is cut into shares
// Depth runs over channels first, so that 16-byte runs of pixels are read. Filters come in PyTorch's order and are
// packed for each call: they are small beside the images.
#pragma once

#include "convolution_phase.cuh"

namespace opsig::convolution {

template <class T>
OPSIG_DEVICE T* of(const opsig_vectors& tensor, int64_t vector) {
  return tensor.data == nullptr ? nullptr : static_cast<T*>(tensor.data) + vector * tensor.vector_stride;
}

// Lines of a packed filter, each its taps of one phase; a filter has fewer than 2^31 weights.
template <class T>
struct FilterLines {
  // Negative where there is none.
  struct Line {
    int offset;
  };
  struct Step {
    int offset;
  };
  const T* first;
  int lines, line_stride;
  bool wide;
  static constexpr bool depth_contiguous = true, same_lines = true;

  OPSIG_DEVICE Line line(int64_t i) const { return {i < lines ? static_cast<int>(i) * line_stride : -1}; }
  OPSIG_DEVICE Step step(int64_t k) const { return {static_cast<int>(k)}; }
  OPSIG_DEVICE const T* at(Line line, Step step) const {
    return line.offset < 0 ? nullptr : first + (line.offset + step.offset);
  }
};

// Lines are channels of the cotangent, depth its pixels.
template <class T>
struct CotangentColumns {
  struct Line {
    const T* first;
  };
  struct Step {
    int64_t offset;
  };
  const T* cotangent;
  int lines, pixel_stride;
  bool wide;
  static constexpr bool depth_contiguous = false, same_lines = false;

  OPSIG_DEVICE Line line(int64_t i) const { return {i < lines ? cotangent + i : nullptr}; }
  OPSIG_DEVICE Step step(int64_t k) const { return {k * pixel_stride}; }
  OPSIG_DEVICE const T* at(Line line, Step step) const {
    return line.first == nullptr ? nullptr : line.first + step.offset;
  }
};

// Elements of the filters of all groups, and of one vector's.
OPSIG_DEVICE int64_t filter_size(const Shape& s) {
  return static_cast<int64_t>(s.out_channels) * (s.channels / s.groups) * taps(s);
}

// Where the packed filter of a term begins; it is packed once for vectors that share it.
template <class T>
OPSIG_DEVICE const T* packed_filter(const Arguments& a, const T* packed, int term, int64_t vector) {
  return packed + (static_cast<int64_t>(term) * a.vectors + (a.filter[term].vector_stride == 0 ? 0 : vector)) *
                      filter_size(a.shape);
}

// Its lines of a group from a tap on, as [group, line, tap, channel].
template <class T>
OPSIG_DEVICE FilterLines<T> packed_lines(const Arguments& a, const T* packed, int term, int64_t vector, int group,
                                         int lines, int channels, int first_tap) {
  const int depth = taps(a.shape) * channels;
  const T* first = packed_filter(a, packed, term, vector);
  return {first + static_cast<int64_t>(group) * lines * depth + first_tap * channels, lines, depth,
          whole_words(packed, channels, 1)};
}

// The tile of this block: its first row and column, and which product of the batch (vector, group) and which of its
// phases it belongs to.
struct Place {
  int64_t r0;
  int c0, vector, group, phase;

  template <class Core>
  OPSIG_DEVICE static Place of(const Shape& s, int64_t columns, int phases = 1) {
    const unsigned tile = anew(blockIdx.x), product = anew(blockIdx.y), groups = static_cast<unsigned>(s.groups);
    const int64_t column_tiles = (columns + Core::kColumns - 1) / Core::kColumns, row_tile = tile / column_tiles;
    return {row_tile / phases * Core::kRows, static_cast<int>(tile % column_tiles) * Core::kColumns,
            static_cast<int>(product / groups), static_cast<int>(product % groups),
            static_cast<int>(row_tile % phases)};
  }
};

// Rows are the pixels of an image, Patches or a Phase; columns are the filter's lines.
template <class T, class Image>
struct FilterOperands {
  const Arguments& arguments;
  const T* packed;
  const Place& place;
  const Image& image;
  int from, to;
  OPSIG_DEVICE PixelRows<T, Image> a(int term) const {
    return {image, of<T>(arguments.image[term], place.vector) + place.group * from, arguments.shape.groups};
  }
  OPSIG_DEVICE FilterLines<T> b(int term) const {
    return packed_lines(arguments, packed, term, place.vector, place.group, to, from, image.first_tap());
  }
};

// Where the results of a tile of pixels by channels go, with what is added to them.
template <class T, class Image>
struct PixelOutput {
  Image image;
  T* first;
  const T* bias;
  int64_t first_pixel;
  int columns, pixel_stride;
  bool accumulate;

  OPSIG_DEVICE PixelOutput(const Arguments& a, const Place& place, const Image& image, int out_channels,
                           const opsig_vectors& of_bias)
      : image(image),
        first_pixel(place.r0),
        columns(out_channels / a.shape.groups - place.c0),
        pixel_stride(out_channels),
        accumulate(a.accumulate != 0) {
    const int channel = place.group * (out_channels / a.shape.groups) + place.c0;
    first = of<T>(a.out, place.vector) + image.origin() * out_channels + channel;
    bias = of<T>(of_bias, place.vector);
    if (bias != nullptr) bias += channel;
  }

  OPSIG_DEVICE void operator()(int row, int column, T value) const {
    const int64_t pixel = first_pixel + row;
    if (pixel >= image.pixels() || column >= columns) return;
    if (bias != nullptr) value += bias[column];
    T* to = first + image.from_origin(pixel) * pixel_stride + column;
    *to = accumulate ? *to + value : value;
  }
};

// The same for what follows.
template <class T, class Image>
struct FollowedPixels {
  const Arguments& a;
  const Place& place;
  const Image& image;
  int out_channels;
  const T* of_bias;

  OPSIG_DEVICE RowElements row(int row) const {
    if (place.r0 + row >= image.pixels()) return {-1, -1};
    const int64_t primal = (image.origin() + image.from_origin(place.r0 + row)) * out_channels + channel();
    return {place.vector * a.then.count + primal, primal};
  }
  OPSIG_DEVICE const activation::Arguments& then() const { return a.then; }
  OPSIG_DEVICE T* results() const { return static_cast<T*>(a.out.data); }
  OPSIG_DEVICE const T* bias() const { return of_bias == nullptr ? nullptr : of_bias + channel(); }
  OPSIG_DEVICE int inside() const { return out_channels / a.shape.groups - place.c0; }

 private:
  OPSIG_DEVICE int channel() const { return place.group * (out_channels / a.shape.groups) + place.c0; }
};

// out [pixels, channels] = [accumulate] out + rows times the filters + bias, by group. Phases differ by a row and a
// column of pixels at most and get as many blocks each: some find nothing to do.
template <class Core, class Image>
OPSIG_DEVICE void filter(const Arguments& a, const typename Core::Number* packed, int out_channels,
                         const opsig_vectors& of_bias) {
  using T = typename Core::Number;
  const Shape& s = a.shape;
  const int columns = out_channels / s.groups;
  const Place place = Place::of<Core>(s, columns, Image::count(s));
  const Image image(s, place.phase);
  const int from = image.channels() / s.groups;
  const bool stays = image.taps() == 0 && a.accumulate;
  if (place.r0 >= image.pixels() || stays) return;
  Core::template run<PixelRows<T, Image>, FilterLines<T>>(
      a.terms, 0, static_cast<int64_t>(image.taps()) * from, place.r0, place.c0,
      FilterOperands<T, Image>{a, packed, place, image, from, columns}, [&](const auto& tile, auto& memory) {
        // Once more, so that what the walk does not need takes no registers during it.
        const Place at_end = Place::of<Core>(s, columns, Image::count(s));
        const Image results(s, at_end.phase);
        if (a.then.pass == OPSIG_NO_PASS) {
          tile.each(PixelOutput<T, Image>(a, at_end, results, out_channels, of_bias));
        } else {
          follow_tile<Core>(tile, memory, FollowedPixels<T, Image>{a, at_end, results, out_channels,
                                                                   of<T>(of_bias, at_end.vector)});
        }
      });
}

template <class Core>
OPSIG_DEVICE void forward(const Arguments& a, const typename Core::Number* packed) {
  filter<Core, Patches>(a, packed, a.shape.out_channels, a.bias);
}

template <class Core>
OPSIG_DEVICE void backward_data(const Arguments& a, const typename Core::Number* packed) {
  filter<Core, Phase>(a, packed, a.shape.channels, {});
}

template <class T>
struct WeightOperands {
  const Arguments& arguments;
  const Place& place;
  OPSIG_DEVICE CotangentColumns<T> a(int term) const {
    const Shape& s = arguments.shape;
    const int lines = s.out_channels / s.groups;
    const T* first = of<T>(arguments.filter[term], place.vector) + place.group * lines;
    return {first, lines, s.out_channels, whole_words(first, s.out_channels, s.groups)};
  }
  OPSIG_DEVICE TapColumns<T, Patches> b(int term) const {
    const Shape& s = arguments.shape;
    const int channels = s.channels / s.groups;
    return {Patches(s), of<T>(arguments.image[term], place.vector) + place.group * channels, s.groups,
            static_cast<int64_t>(taps(s)) * channels};
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
  const Place place = Place::of<Core>(s, columns);
  const int64_t r0 = place.r0, c0 = place.c0;
  T* out = static_cast<T*>(plan.partial) + (static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y) * rows * columns;
  Core::template run<CotangentColumns<T>, TapColumns<T, Patches>>(
      a.terms, begin, min(depth, begin + plan.depth_of_share), place.r0, place.c0, WeightOperands<T>{a, place},
      [&](const auto& tile, auto&) {
        tile.each([=](int i, int j, T value) {
          const int64_t row = r0 + i, column = c0 + j;
          if (row < rows && column < columns) out[row * columns + column] = value;
        });
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
