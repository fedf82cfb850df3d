// The operands of a convolution that lie in images: lines are pixels and depth the taps around them, or the other way
// round. Which pixels, and where a tap leads, says an image:
//   int64_t pixels()                     how many pixels there are
//   Position first(int64_t)              what a pixel's first tap reads
//   Tap tap(int64_t)                     a place along the depth: what it reads, from there
//   int height(), width(), channels()    of the tensor that is read
// Where an image's lines are the rows of a product with filters, it also says which of their taps it takes and where
// the results go:
//   int taps(), first_tap()
//   int64_t origin(), from_origin(int64_t)    the first pixel in the output, and how far from it another lies
// and Image(shape, i) is the i-th of the count(shape) images that the rows are shared between.
#pragma once

#include "opsig/convolution.h"
#include "tile_product.cuh"

namespace opsig::convolution {

using Shape = opsig_convolution_shape;
using Arguments = opsig_convolution_arguments;

// A pixel, maybe outside its image.
struct Position {
  int64_t sample;
  int h, w;
};

struct Tap {
  int h, w, channel;
};

// Of taps in rows of `width`, with `channels` each.
OPSIG_DEVICE Tap tap_at(int64_t depth, int width, int channels) {
  const int at = static_cast<int>(depth), position = at / channels;
  return {position / width, position % width, at % channels};
}

OPSIG_DEVICE int taps(const Shape& s) { return s.kernel_height * s.kernel_width; }

// Whether the channels of a group are whole 16-byte words, aligned wherever they begin.
template <class T>
OPSIG_DEVICE bool whole_words(const T* first, int channels, int groups) {
  constexpr int kVector = 16 / sizeof(T);
  return reinterpret_cast<uint64_t>(first) % 16 == 0 && channels / groups % kVector == 0;
}

// The patches of all output pixels.
class Patches {
 public:
  OPSIG_DEVICE static int count(const Shape&) { return 1; }

  OPSIG_DEVICE explicit Patches(const Shape& shape, int = 0) : shape_(&shape) {}
  OPSIG_DEVICE int64_t pixels() const { return shape_->samples * shape_->out_height * shape_->out_width; }
  OPSIG_DEVICE Position first(int64_t pixel) const {
    const QuotientAndRest by_column = divide(pixel, shape_->out_width),
                          by_row = divide(by_column.quotient, shape_->out_height);
    return {by_row.quotient, by_row.rest * shape_->stride - shape_->padding,
            by_column.rest * shape_->stride - shape_->padding};
  }
  OPSIG_DEVICE Tap tap(int64_t depth) const {
    return tap_at(depth, shape_->kernel_width, shape_->channels / shape_->groups);
  }
  OPSIG_DEVICE int height() const { return shape_->height; }
  OPSIG_DEVICE int width() const { return shape_->width; }
  OPSIG_DEVICE int channels() const { return shape_->channels; }

  OPSIG_DEVICE int taps() const { return convolution::taps(*shape_); }
  OPSIG_DEVICE int first_tap() const { return 0; }
  OPSIG_DEVICE int64_t origin() const { return 0; }
  OPSIG_DEVICE int64_t from_origin(int64_t pixel) const { return pixel; }

 private:
  const Shape* shape_;
};

// The elements of an image by pixel and tap. Pixels are counted over all samples, and are fewer than 2^31.
template <class T, class Image>
class ImageReader {
 public:
  // A pixel outside the image is where no tap leads back from, and so is a tap beyond the last.
  struct PixelAt {
    int number, h, w;
  };
  struct TapAt {
    int number, h, w, channel;
  };

  OPSIG_DEVICE ImageReader(const Image& image, const T* data) : image_(image), data_(data) {}
  OPSIG_DEVICE PixelAt pixel(int64_t i) const {
    if (i >= image_.pixels()) return {0, kNowhere, 0};
    const Position first = image_.first(i);
    return {(static_cast<int>(first.sample) * image_.height() + first.h) * image_.width() + first.w, first.h, first.w};
  }
  OPSIG_DEVICE TapAt tap(int64_t depth) const {
    const Tap tap = image_.tap(depth);
    return {tap.h * image_.width() + tap.w, tap.h, tap.w, tap.channel};
  }
  OPSIG_DEVICE const T* at(const PixelAt& pixel, const TapAt& tap) const {
    const bool inside = static_cast<uint32_t>(pixel.h + tap.h) < static_cast<uint32_t>(image_.height()) &&
                        static_cast<uint32_t>(pixel.w + tap.w) < static_cast<uint32_t>(image_.width());
    return inside ? data_ + tap.channel + static_cast<int64_t>(pixel.number + tap.number) * image_.channels() : nullptr;
  }

 protected:
  static constexpr int kNowhere = INT32_MIN / 2;

 private:
  Image image_;
  const T* data_;
};

// Lines are pixels, depth the taps.
template <class T, class Image>
struct PixelRows : ImageReader<T, Image> {
  using Reader = ImageReader<T, Image>;
  using Line = typename Reader::PixelAt;
  using Step = typename Reader::TapAt;
  static constexpr bool depth_contiguous = true, same_lines = true;
  bool wide;

  OPSIG_DEVICE PixelRows(const Image& image, const T* data, int groups)
      : Reader(image, data), wide(whole_words(data, image.channels(), groups)) {}
  OPSIG_DEVICE Line line(int64_t i) const { return Reader::pixel(i); }
  OPSIG_DEVICE Step step(int64_t k) const { return Reader::tap(k); }
};

// Lines are taps, of which there are `lines`; depth the pixels.
template <class T, class Image>
struct TapColumns : ImageReader<T, Image> {
  using Reader = ImageReader<T, Image>;
  using Line = typename Reader::TapAt;
  using Step = typename Reader::PixelAt;
  static constexpr bool depth_contiguous = false, same_lines = false;
  int64_t lines;
  bool wide;

  OPSIG_DEVICE TapColumns(const Image& image, const T* data, int groups, int64_t number_of_lines)
      : Reader(image, data), lines(number_of_lines), wide(whole_words(data, image.channels(), groups)) {}
  OPSIG_DEVICE Line line(int64_t i) const { return i < lines ? Reader::tap(i) : Line{0, Reader::kNowhere, 0, 0}; }
  OPSIG_DEVICE Step step(int64_t k) const { return Reader::pixel(k); }
  OPSIG_DEVICE const T* at(const Line& line, const Step& step) const { return Reader::at(step, line); }
};

}  // namespace opsig::convolution
