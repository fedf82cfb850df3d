#include "winograd.h"

#include <algorithm>
#include <cstring>

#include "column_sums.h"
#include "convolution_tensors.h"
#include "gemm.h"
#include "lanes.h"
#include "parallel.h"
#include "scratch.h"
#include "winograd_transforms.h"

namespace opsig {
namespace {

using namespace winograd;
using Register = Lanes<float>;
using Shape = opsig_convolution_shape;
constexpr int64_t kLanes = kRegisterLanes<float>;

// Transformed tiles of one pass over the chunk, both operands together, in bytes: they should stay in the last-level
// cache.
constexpr int64_t kChunkBytes = 8 << 20;
// Products of fewer rows run below the processor's speed, and read the transformed filter too often.
constexpr int64_t kFewestChunkTiles = 128;
// Below these the transforms of the filter and of the tiles cost more than the products save.
constexpr int64_t kFewestTiles = 16;
constexpr int64_t kFewestChannels = 32;

int64_t quotient_up(int64_t value, int64_t divisor) { return (value + divisor - 1) / divisor; }

// The images of one side of the convolution, [N, height, width, channels], as tiles of `extent` x `extent` pixels every
// four pixels from `first` on. Pixels outside are zero.
struct Tiling {
  int64_t height, width, channels;
  int64_t extent, first;
  int64_t tile_rows, tile_columns;

  // The part of a tile that lies inside its image.
  struct Window {
    int64_t offset;  // of the tile's first pixel, inside or not
    int64_t row_begin, row_end, column_begin, column_end;
  };

  Window window(int64_t tile) const {
    const int64_t sample = tile / (tile_rows * tile_columns), within = tile % (tile_rows * tile_columns);
    const int64_t row = within / tile_columns * kOutputs + first, column = within % tile_columns * kOutputs + first;
    return {((sample * height + row) * width + column) * channels, std::max<int64_t>(0, -row),
            std::min(extent, height - row), std::max<int64_t>(0, -column), std::min(extent, width - column)};
  }
};

// Both sides of a pass, and how its tiles are cut into chunks. `in` and `out` are the convolution's own, not the
// pass's.
struct Plan {
  Tiling in, out;
  int64_t tiles, chunk_tiles;

  int64_t chunk(int64_t first) const { return std::min(chunk_tiles, tiles - first); }
};

Plan make_plan(const Shape& s, bool transposed) {
  Plan plan;
  const int64_t channels = transposed ? s.out_channels : s.channels,
                out_channels = transposed ? s.channels : s.out_channels;
  const int64_t height = transposed ? s.out_height : s.height, width = transposed ? s.out_width : s.width;
  const int64_t out_height = transposed ? s.height : s.out_height, out_width = transposed ? s.width : s.out_width;
  const int64_t padding = transposed ? kTaps - 1 - s.padding : s.padding;
  const int64_t rows = quotient_up(out_height, kOutputs), columns = quotient_up(out_width, kOutputs);
  plan.in = {height, width, channels, kPoints, -padding, rows, columns};
  plan.out = {out_height, out_width, out_channels, kOutputs, 0, rows, columns};
  plan.tiles = s.samples * rows * columns;
  const int64_t tile_bytes = kPositions * (channels + out_channels) * static_cast<int64_t>(sizeof(float));
  const int64_t chunks = quotient_up(plan.tiles, std::max(kFewestChunkTiles, kChunkBytes / tile_bytes));
  plan.chunk_tiles = quotient_up(plan.tiles, chunks);
  return plan;
}

// Positions lie a cache line further apart than they need, so that the 36 writes of a tile do not all fall into one set
// of the cache.
int64_t position_stride(int64_t tiles, int64_t channels) { return tiles * channels + kLanes; }

// Transformed tiles [36, tiles, channels].
struct Transformed {
  float* data;
  int64_t channels, position_stride;

  float* at(int64_t position, int64_t tile) const { return data + position * position_stride + tile * channels; }
};

template <class Slot>
Transformed transformed_tiles(int64_t tiles, int64_t channels) {
  const int64_t stride = position_stride(tiles, channels);
  return {scratch<Slot>(kPositions * stride), channels, stride};
}

// Filters [36, from, to] for products of tiles [.., from] to tiles [.., to].
template <class Slot>
Transformed transformed_filter(int64_t from, int64_t to) {
  return transformed_tiles<Slot>(from, to);
}

struct InputSlot {};
struct OutputSlot {};
template <int Term>
struct FilterSlot {};

template <class Transform>
void transform_tiles(const Tiling& tiling, const float* images, int64_t first, int64_t count, const Transformed& to) {
  constexpr int kExtent = Transform::kFrom;
#pragma omp parallel for
  for (int64_t t = 0; t < count; ++t) {
    const Tiling::Window inside = tiling.window(first + t);
    for (int64_t c = 0; c < tiling.channels; c += kLanes) {
      Register pixels[kExtent * kExtent] = {}, points[kPositions];
      for (int64_t i = inside.row_begin; i < inside.row_end; ++i)
        for (int64_t j = inside.column_begin; j < inside.column_end; ++j)
          pixels[i * kExtent + j] = load(images + inside.offset + (i * tiling.width + j) * tiling.channels + c);
      in_two_dimensions<Transform>(pixels, points);
      for (int p = 0; p < kPositions; ++p) store(points[p], to.at(p, t) + c);
    }
  }
}

// images = [accumulate] images + the outputs of the tiles + bias
void outputs_of_tiles(const Transformed& from, const Tiling& tiling, int64_t first, int64_t count, bool accumulate,
                      const float* bias, float* images) {
#pragma omp parallel for
  for (int64_t t = 0; t < count; ++t) {
    const Tiling::Window inside = tiling.window(first + t);
    for (int64_t c = 0; c < tiling.channels; c += kLanes) {
      Register points[kPositions], outputs[kOutputs * kOutputs];
      for (int p = 0; p < kPositions; ++p) points[p] = load(from.at(p, t) + c);
      in_two_dimensions<Output>(points, outputs);
      const Register offset = bias ? load(bias + c) : Register{};
      for (int64_t i = inside.row_begin; i < inside.row_end; ++i)
        for (int64_t j = inside.column_begin; j < inside.column_end; ++j) {
          float* pixel = images + inside.offset + (i * tiling.width + j) * tiling.channels + c;
          const Register value = outputs[i * kOutputs + j] + offset;
          store(accumulate ? load<float>(pixel) + value : value, pixel);
        }
    }
  }
}

// Where tap k of the filter from channel c to channel o is: at data[o to_stride + c from_stride + k], or turned by half
// a turn.
struct Taps {
  int64_t from_stride, to_stride;
  bool turned;

  int64_t at(int64_t from, int64_t to, int tap) const {
    return to * to_stride + from * from_stride + (turned ? kTaps * kTaps - 1 - tap : tap);
  }
};

Taps taps(const Shape& s, bool transposed) {
  const int64_t tap_count = kTaps * kTaps, row = tap_count * s.channels;
  return transposed ? Taps{row, tap_count, true} : Taps{tap_count, row, false};
}

// Channels `from` run innermost: the taps of a filter's neighbours share cache lines.
void transform_filter(const Taps& taps, const float* filter, int64_t from, const Transformed& to) {
#pragma omp parallel for
  for (int64_t o = 0; o < to.channels; o += kLanes)
    for (int64_t c = 0; c < from; ++c) {
      Register weights[kTaps * kTaps], points[kPositions];
      for (int k = 0; k < kTaps * kTaps; ++k)
        for (int64_t lane = 0; lane < kLanes; ++lane) weights[k][lane] = filter[taps.at(c, o + lane, k)];
      in_two_dimensions<Filter>(weights, points);
      for (int p = 0; p < kPositions; ++p) store(points[p], to.at(p, c) + o);
    }
}

// filter += the cotangents of the taps
void add_filter_cotangents(const Transformed& from, int64_t from_channels, const Taps& taps, float* filter) {
#pragma omp parallel for
  for (int64_t o = 0; o < from.channels; o += kLanes)
    for (int64_t c = 0; c < from_channels; ++c) {
      Register points[kPositions], weights[kTaps * kTaps];
      for (int p = 0; p < kPositions; ++p) points[p] = load(from.at(p, c) + o);
      in_two_dimensions<FilterCotangent>(points, weights);
      for (int k = 0; k < kTaps * kTaps; ++k)
        for (int64_t lane = 0; lane < kLanes; ++lane) filter[taps.at(c, o + lane, k)] += weights[k][lane];
    }
}

// The 36 products of transformed operands, C_p = beta C_p + op(A_p) B_p.
void multiply_positions(bool transpose_a, int64_t rows, int64_t columns, int64_t depth, const Transformed& a,
                        const Transformed& b, float beta, const Transformed& c) {
  ParallelExceptions exceptions;
#pragma omp parallel for
  for (int p = 0; p < kPositions; ++p)
    exceptions.guard([&] {
      gemm(transpose_a, false, rows, columns, depth, a.at(p, 0), a.channels, b.at(p, 0), b.channels, beta, c.at(p, 0),
           c.channels);
    });
  exceptions.rethrow();
}

// Forward, or backward data when `transposed`.
void correlate(const opsig_convolution_arguments& a, bool transposed) {
  const Plan plan = make_plan(a.shape, transposed);
  const Tiling &in = plan.in, &out = plan.out;
  const Transformed filters[2] = {
      transformed_filter<FilterSlot<0>>(in.channels, out.channels),
      a.terms == 2 ? transformed_filter<FilterSlot<1>>(in.channels, out.channels) : Transformed{}};
  const Transformed inputs = transformed_tiles<InputSlot>(plan.chunk_tiles, in.channels);
  const Transformed outputs = transformed_tiles<OutputSlot>(plan.chunk_tiles, out.channels);
  for (int64_t j = 0; j < a.vectors; ++j) {
    for (int t = 0; t < a.terms; ++t)
      if (j == 0 || a.filter[t].vector_stride != 0)
        transform_filter(taps(a.shape, transposed), of<float>(a.filter[t], j), in.channels, filters[t]);
    for (int64_t first = 0; first < plan.tiles; first += plan.chunk_tiles) {
      const int64_t count = plan.chunk(first);
      for (int t = 0; t < a.terms; ++t) {
        transform_tiles<Input>(in, of<float>(a.image[t], j), first, count, inputs);
        multiply_positions(false, count, out.channels, in.channels, inputs, filters[t], t == 0 ? 0.0f : 1.0f, outputs);
      }
      outputs_of_tiles(outputs, out, first, count, a.accumulate != 0, transposed ? nullptr : of<float>(a.bias, j),
                       of<float>(a.out, j));
    }
  }
}

}  // namespace

bool winograd_pays(const opsig_convolution_arguments& a) {
  const Shape& s = a.shape;
  if (a.precision != OPSIG_FLOAT32 || s.kernel_height != kTaps || s.kernel_width != kTaps || s.stride != 1 ||
      s.groups != 1 || s.padding >= kTaps || s.channels % kLanes != 0 || s.out_channels % kLanes != 0 ||
      std::min(s.channels, s.out_channels) < kFewestChannels)
    return false;
  // Half of the outputs of the tiles may lie outside the image: then the products are still twice as few.
  const int64_t tiles = quotient_up(s.out_height, kOutputs) * quotient_up(s.out_width, kOutputs);
  return s.samples * tiles >= kFewestTiles && tiles * kOutputs * kOutputs <= 2 * s.out_height * s.out_width;
}

int64_t winograd_scratch(const Shape& s) {
  const auto elements = [&](bool transposed) {
    const Plan plan = make_plan(s, transposed);
    return kPositions *
           (position_stride(plan.chunk_tiles, plan.in.channels) + position_stride(plan.chunk_tiles, plan.out.channels));
  };
  const int64_t filters = 2 * kPositions * position_stride(s.channels, s.out_channels);
  return static_cast<int64_t>(sizeof(float)) * (filters + std::max(elements(false), elements(true)));
}

void winograd_forward(const opsig_convolution_arguments& arguments) { correlate(arguments, false); }

void winograd_backward_data(const opsig_convolution_arguments& arguments) { correlate(arguments, true); }

void winograd_backward_weights(const opsig_convolution_arguments& a) {
  const Plan plan = make_plan(a.shape, false);
  const Tiling &in = plan.in, &out = plan.out;
  const Transformed gradient = transformed_filter<FilterSlot<0>>(in.channels, out.channels);
  const Transformed inputs = transformed_tiles<InputSlot>(plan.chunk_tiles, in.channels);
  const Transformed cotangents = transformed_tiles<OutputSlot>(plan.chunk_tiles, out.channels);
  for (int64_t j = 0; j < a.vectors; ++j) {
    for (int64_t first = 0; first < plan.tiles; first += plan.chunk_tiles) {
      const int64_t count = plan.chunk(first);
      for (int t = 0; t < a.terms; ++t) {
        transform_tiles<Input>(in, of<float>(a.image[t], j), first, count, inputs);
        transform_tiles<OutputCotangent>(out, of<float>(a.filter[t], j), first, count, cotangents);
        multiply_positions(true, in.channels, out.channels, count, inputs, cotangents, first + t == 0 ? 0.0f : 1.0f,
                           gradient);
      }
    }
    add_filter_cotangents(gradient, in.channels, taps(a.shape, false), of<float>(a.out, j));
    if (float* bias = of<float>(a.bias, j))
      add_column_sums(of<float>(a.filter[0], j), out_size(a.shape) / a.shape.out_channels, a.shape.out_channels, bias);
  }
}

}  // namespace opsig
