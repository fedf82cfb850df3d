// What bounds the rounding error of a convolution by Winograd's F(4 x 4, 3 x 3): the same algorithm on absolute values
// with the absolute values of its matrices. An element y of the result has |error| <= n u magnitude, n roundings deep.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "opsig/convolution.h"

namespace opsig::test {

class WinogradBound {
 public:
  // Roundings besides those of the sum over channels or tiles: eight in each of three transforms, the product, and what
  // is added.
  static constexpr int kRoundings = 32;

  WinogradBound() {
    const double points[5] = {0, 0.75, -0.75, 1.5, -1.5};
    for (int p = 0; p < 5; ++p) {
      double distances = 1;
      std::vector<double> polynomial{1};  // product of (x - the other points), lowest power first
      for (int q = 0; q < 5; ++q)
        if (q != p) {
          distances *= points[p] - points[q];
          polynomial = times(polynomial, points[q]);
        }
      for (int k = 0; k < 3; ++k) g_[p][k] = std::fabs(std::pow(points[p], k) / distances);
      for (int k = 0; k < 4; ++k) a_[p][k] = std::fabs(std::pow(points[p], k));
      for (int l = 0; l < 5; ++l) b_[p][l] = std::fabs(polynomial[static_cast<size_t>(l)]);
    }
    std::vector<double> polynomial{1};
    for (double point : points) polynomial = times(polynomial, point);
    for (int l = 0; l < 6; ++l) b_[5][l] = std::fabs(polynomial[static_cast<size_t>(l)]);
    g_[5][2] = a_[5][3] = 1;
  }

  // Adds the magnitudes of a forward convolution, or, `transposed`, of backward data.
  template <class T>
  void add_correlation(const opsig_convolution_shape& s, bool transposed, const T* image, const T* filter,
                       std::vector<double>& to) const {
    const int from = transposed ? s.out_channels : s.channels, onto = transposed ? s.channels : s.out_channels;
    const int height = transposed ? s.out_height : s.height, width = transposed ? s.out_width : s.width;
    const int out_height = transposed ? s.height : s.out_height, out_width = transposed ? s.width : s.out_width;
    const int padding = transposed ? 2 - s.padding : s.padding;
    std::vector<Points> filters;
    for (int o = 0; o < onto; ++o)
      for (int c = 0; c < from; ++c)
        filters.push_back(transformed<3>(g_, [&](int i, int j) {
          const int tap = transposed ? 8 - (3 * i + j) : 3 * i + j;
          const int64_t pair =
              transposed ? static_cast<int64_t>(c) * s.channels + o : static_cast<int64_t>(o) * s.channels + c;
          return std::fabs(static_cast<double>(filter[pair * 9 + tap]));
        }));
    over_tiles(s.samples, out_height, out_width, [&](int64_t n, int row, int column) {
      std::vector<Points> inputs;
      for (int c = 0; c < from; ++c)
        inputs.push_back(transformed<6>(b_, [&](int i, int j) {
          return pixel(image, n, row + i - padding, column + j - padding, c, height, width, from);
        }));
      for (int o = 0; o < onto; ++o) {
        Points sum;
        for (int c = 0; c < from; ++c)
          sum.add_product(inputs[static_cast<size_t>(c)], filters[static_cast<size_t>(o * from + c)]);
        for (int i = 0; i < 4 && row + i < out_height; ++i)
          for (int j = 0; j < 4 && column + j < out_width; ++j)
            to[static_cast<size_t>(((n * out_height + row + i) * out_width + column + j) * onto + o)] +=
                back<4>(a_, sum, i, j);
      }
    });
  }

  // Adds the magnitudes of the weights' gradient.
  template <class T>
  void add_weights(const opsig_convolution_shape& s, const T* image, const T* cotangent,
                   std::vector<double>& to) const {
    std::vector<Points> sums(static_cast<size_t>(s.channels) * static_cast<size_t>(s.out_channels));
    over_tiles(s.samples, s.out_height, s.out_width, [&](int64_t n, int row, int column) {
      std::vector<Points> outputs;
      for (int o = 0; o < s.out_channels; ++o)
        outputs.push_back(transformed<4>(a_, [&](int i, int j) {
          return pixel(cotangent, n, row + i, column + j, o, s.out_height, s.out_width, s.out_channels);
        }));
      for (int c = 0; c < s.channels; ++c) {
        const Points input = transformed<6>(b_, [&](int i, int j) {
          return pixel(image, n, row + i - s.padding, column + j - s.padding, c, s.height, s.width, s.channels);
        });
        for (int o = 0; o < s.out_channels; ++o)
          sums[static_cast<size_t>(o * s.channels + c)].add_product(input, outputs[static_cast<size_t>(o)]);
      }
    });
    for (size_t pair = 0; pair < sums.size(); ++pair)
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) to[pair * 9 + static_cast<size_t>(3 * i + j)] += back<3>(g_, sums[pair], i, j);
  }

 private:
  struct Points {
    double at[6][6] = {};
    void add_product(const Points& x, const Points& y) {
      for (int p = 0; p < 6; ++p)
        for (int q = 0; q < 6; ++q) at[p][q] += x.at[p][q] * y.at[p][q];
    }
  };

  // polynomial (x - root)
  static std::vector<double> times(const std::vector<double>& polynomial, double root) {
    std::vector<double> product(polynomial.size() + 1);
    for (size_t i = 0; i < polynomial.size(); ++i) {
      product[i + 1] += polynomial[i];
      product[i] -= root * polynomial[i];
    }
    return product;
  }

  template <class Body>
  static void over_tiles(int64_t samples, int height, int width, Body body) {
    for (int64_t n = 0; n < samples; ++n)
      for (int row = 0; row < height; row += 4)
        for (int column = 0; column < width; column += 4) body(n, row, column);
  }

  template <class T>
  static double pixel(const T* images, int64_t n, int row, int column, int c, int height, int width, int channels) {
    if (row < 0 || column < 0 || row >= height || column >= width) return 0;
    return std::fabs(static_cast<double>(images[((n * height + row) * width + column) * channels + c]));
  }

  // M x M^T for a matrix M [6, Extent].
  template <int Extent, int Columns, class Value>
  static Points transformed(const double (&matrix)[6][Columns], Value value) {
    double half[6][Extent] = {};
    for (int i = 0; i < Extent; ++i)
      for (int j = 0; j < Extent; ++j) {
        const double x = value(i, j);
        for (int p = 0; p < 6; ++p) half[p][j] += matrix[p][i] * x;
      }
    Points points;
    for (int p = 0; p < 6; ++p)
      for (int q = 0; q < 6; ++q)
        for (int j = 0; j < Extent; ++j) points.at[p][q] += half[p][j] * matrix[q][j];
    return points;
  }

  // Element (i, j) of M^T points M.
  template <int Extent, int Columns>
  static double back(const double (&matrix)[6][Columns], const Points& points, int i, int j) {
    double sum = 0;
    for (int p = 0; p < 6; ++p)
      for (int q = 0; q < 6; ++q) sum += matrix[p][i] * points.at[p][q] * matrix[q][j];
    return sum;
  }

  double a_[6][4] = {}, b_[6][6] = {}, g_[6][3] = {};
};

}  // namespace opsig::test
