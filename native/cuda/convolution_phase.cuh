// The phases of a strided convolution's data gradient.
//
// With stride S a tap reaches only the pixels with h + padding = kh (mod S), and columns likewise: of S^2 products of a
// pixel with a tap all but one are with zeros. So the pixels fall into S x S phases by their place within the stride,
// each a product of its own that is as deep as its own taps. Per four pixels 3 x 3 taps of stride 2 take
// 1 + 2 + 2 + 4 = 9 multiply-adds instead of 36. A phase without taps (with 1 x 1 three of four) is zero.
//
// All phases are one launch, and follow each other within a tile of rows. They read the same cotangents, 9/4 pixels of
// them for each of the input's with 3 x 3: next to each other in time these come from the second-level cache, while a
// launch per phase would fetch them from memory anew (first strided layer of ResNet-18 at batch 512: 67 MB, and an
// H100 caches 50). And the last wave of blocks is waited for once, not S^2 times.
#pragma once

#include "convolution_image.cuh"

namespace opsig::convolution {

// Of the taps of a side those at one place within the stride, place, place + stride, ...: how many there are, and how
// many at the places before.
struct PhaseTaps {
  int count, before;
  OPSIG_DEVICE PhaseTaps(int kernel, int stride, int place)
      : count(kernel / stride + (place < kernel % stride ? 1 : 0)),
        before(kernel / stride * place + min(kernel % stride, place)) {}
};

// Filters are packed phase by phase: where the taps of a phase begin, and where a tap lies.
OPSIG_DEVICE int first_tap(const Shape& s, const PhaseTaps& rows, const PhaseTaps& columns) {
  return rows.before * s.kernel_width + rows.count * columns.before;
}

OPSIG_DEVICE int place_of_tap(const Shape& s, int tap) {
  const int kh = tap / s.kernel_width, kw = tap % s.kernel_width;
  const PhaseTaps rows(s.kernel_height, s.stride, kh % s.stride), columns(s.kernel_width, s.stride, kw % s.stride);
  return first_tap(s, rows, columns) + kh / s.stride * columns.count + kw / s.stride;
}

// Along a side, the pixels first, first + stride, ... and the taps that reach them: tap j of these takes for pixel i
// the cotangent of output + i - j.
struct PhaseSide {
  PhaseTaps taps;
  int first, pixels, output;
  OPSIG_DEVICE PhaseSide(const Shape& s, int first_pixel, int extent, int kernel)
      : taps(kernel, s.stride, (first_pixel + s.padding) % s.stride),
        first(first_pixel),
        pixels((extent - 1 - first_pixel) / s.stride + 1),
        output((first_pixel + s.padding) / s.stride) {}
};

// The input's pixels at one place within the stride, as an image of the cotangents that reach them.
class Phase {
 public:
  // Places that have pixels.
  OPSIG_DEVICE static int count(const Shape& s) { return min(s.stride, s.height) * in_row(s); }

  OPSIG_DEVICE Phase(const Shape& s, int index)
      : shape_(&s),
        rows_(s, index / in_row(s), s.height, s.kernel_height),
        columns_(s, index % in_row(s), s.width, s.kernel_width) {}
  OPSIG_DEVICE int64_t pixels() const { return shape_->samples * rows_.pixels * columns_.pixels; }
  OPSIG_DEVICE Position first(int64_t pixel) const {
    const Position at = within(pixel);
    return {at.sample, rows_.output + at.h, columns_.output + at.w};
  }
  OPSIG_DEVICE Tap tap(int64_t depth) const {
    const Tap tap = tap_at(depth, columns_.taps.count, shape_->out_channels / shape_->groups);
    return {-tap.h, -tap.w, tap.channel};
  }
  OPSIG_DEVICE int height() const { return shape_->out_height; }
  OPSIG_DEVICE int width() const { return shape_->out_width; }
  OPSIG_DEVICE int channels() const { return shape_->out_channels; }

  OPSIG_DEVICE int taps() const { return rows_.taps.count * columns_.taps.count; }
  OPSIG_DEVICE int first_tap() const { return convolution::first_tap(*shape_, rows_.taps, columns_.taps); }
  OPSIG_DEVICE int64_t origin() const { return static_cast<int64_t>(rows_.first) * shape_->width + columns_.first; }
  OPSIG_DEVICE int64_t from_origin(int64_t pixel) const {
    if (shape_->stride == 1) return pixel;
    const Position at = within(pixel);
    return (at.sample * shape_->height + at.h * shape_->stride) * shape_->width + at.w * shape_->stride;
  }

 private:
  // Of the phase alone.
  OPSIG_DEVICE Position within(int64_t pixel) const {
    const QuotientAndRest by_column = divide(pixel, columns_.pixels), by_row = divide(by_column.quotient, rows_.pixels);
    return {by_row.quotient, by_row.rest, by_column.rest};
  }
  OPSIG_DEVICE static int in_row(const Shape& s) { return min(s.stride, s.width); }

  const Shape* shape_;
  PhaseSide rows_, columns_;
};

}  // namespace opsig::convolution
