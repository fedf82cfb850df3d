// The passes of normalisation against a plain forward evaluation in float64: first derivatives by central differences
// of it, the derivative of the backward pass by central differences of the pass itself once that has been checked.
#include "opsig/normalization.h"

#include <functional>
#include <vector>

#include "support.h"

namespace opsig::test {
namespace {

using Values = std::vector<double>;

struct Shape {
  int64_t matrices, rows, channels, groups;
  bool fixed;
  int64_t size() const { return matrices * rows * channels; }
};

// A point (x, weight, bias), or a direction at one.
struct Point {
  Values x, weight, bias;
};

constexpr double kEpsilon = 1e-2;

Values random_values(int64_t size, uint32_t seed) {
  const Array<float> rounded = random_array<float>(size, seed);
  Values values(static_cast<size_t>(size));
  for (int64_t i = 0; i < size; ++i) values[static_cast<size_t>(i)] = rounded[i];
  return values;
}

Point random_point(const Shape& s, uint32_t seed) {
  return {random_values(s.size(), seed), random_values(s.channels, seed + 1), random_values(s.channels, seed + 2)};
}

Values along(const Values& at, double h, const Values& direction) {
  Values moved = at;
  for (size_t i = 0; i < moved.size(); ++i) moved[i] += h * direction[i];
  return moved;
}

Point along(const Point& at, double h, const Point& direction) {
  return {along(at.x, h, direction.x), along(at.weight, h, direction.weight), along(at.bias, h, direction.bias)};
}

// Fixed statistics of every group: mean and 1 / standard deviation.
double fixed_mean(int64_t group) { return 0.1 * static_cast<double>(group + 1); }
double fixed_scale(int64_t group) { return 0.5 + 0.1 * static_cast<double>(group); }

Values plain_forward(const Shape& s, const Point& p) {
  Values y(p.x.size());
  const int64_t width = s.channels / s.groups;
  for (int64_t m = 0; m < s.matrices; ++m)
    for (int64_t g = 0; g < s.groups; ++g) {
      const auto over = [&](const std::function<void(size_t, size_t)>& visit) {
        for (int64_t r = 0; r < s.rows; ++r)
          for (int64_t c = g * width; c < (g + 1) * width; ++c)
            visit(static_cast<size_t>((m * s.rows + r) * s.channels + c), static_cast<size_t>(c));
      };
      const double count = static_cast<double>(s.rows * width);
      double mean = 0, variance = 0;
      over([&](size_t i, size_t) { mean += p.x[i] / count; });
      over([&](size_t i, size_t) { variance += (p.x[i] - mean) * (p.x[i] - mean) / count; });
      double scale = 1 / std::sqrt(variance + kEpsilon);
      if (s.fixed) {
        mean = fixed_mean(g);
        scale = fixed_scale(g);
      }
      over([&](size_t i, size_t c) { y[i] = p.weight[c] * (p.x[i] - mean) * scale + p.bias[c]; });
    }
  return y;
}

template <class T>
Array<T> array_of(const std::vector<Values>& rows) {
  Array<T> array(static_cast<int64_t>(rows.size() * rows[0].size()));
  int64_t i = 0;
  for (const Values& row : rows)
    for (const double value : row) array[i++] = static_cast<T>(value);
  return array;
}

// The operations in T, with everything but their results as float64.
template <class T>
class Operations {
 public:
  Operations(const Shape& shape, const Point& at)
      : shape_(shape),
        x_(array_of<T>({at.x})),
        weight_(array_of<T>({at.weight})),
        bias_(array_of<T>({at.bias})),
        statistics_(2 * shape.matrices * shape.groups) {
    for (int64_t i = 0; shape.fixed && i < shape.matrices * shape.groups; ++i) {
      statistics_[2 * i] = fixed_mean(i % shape.groups);
      statistics_[2 * i + 1] = fixed_scale(i % shape.groups);
    }
    opsig_normalization_arguments a = arguments(1);
    Array<T> y(shape.size());
    a.out = y.data();
    run("normalization_forward", a);
    y_ = values(y);
  }

  const Values& y() const { return y_; }

  Values tangents(const char* operation, const std::vector<Point>& directions) {
    opsig_normalization_arguments a = arguments(directions.size());
    Directions d(directions);
    set(a, d);
    Array<T> out(static_cast<int64_t>(directions.size()) * shape_.size());
    a.out = out.data();
    run(operation, a);
    return values(out);
  }

  // x^, weight^ and bias^ of every vector, one after the other in each; what was there before is 1 everywhere.
  Point backward(const std::vector<Values>& cotangents) {
    return pull("normalization_backward", nullptr, {}, cotangents);
  }

  Point tangent_backward(const Values& cotangent, const std::vector<Point>& directions,
                         const std::vector<Values>& tangents) {
    return pull("normalization_tangent_backward", &cotangent, directions, tangents);
  }

 private:
  struct Directions {
    explicit Directions(const std::vector<Point>& points)
        : x(part(points, &Point::x)), weight(part(points, &Point::weight)), bias(part(points, &Point::bias)) {}
    static Array<T> part(const std::vector<Point>& points, Values Point::*member) {
      std::vector<Values> rows;
      for (const Point& point : points) rows.push_back(point.*member);
      return array_of<T>(rows);
    }
    Array<T> x, weight, bias;
  };

  static Values values(const Array<T>& array) {
    Values out(static_cast<size_t>(array.size()));
    for (int64_t i = 0; i < array.size(); ++i) out[static_cast<size_t>(i)] = static_cast<double>(array[i]);
    return out;
  }

  static Array<T> ones(int64_t size) {
    Array<T> array(size);
    for (int64_t i = 0; i < size; ++i) array[i] = T(1);
    return array;
  }

  static void set(opsig_normalization_arguments& a, Directions& d) {
    a.input_tangent = d.x.data();
    a.weight_tangent = d.weight.data();
    a.bias_tangent = d.bias.data();
  }

  opsig_normalization_arguments arguments(size_t vectors) {
    opsig_normalization_arguments a{};
    a.precision = precision_of<T>();
    a.fixed_statistics = shape_.fixed;
    a.epsilon = kEpsilon;
    a.vectors = static_cast<int64_t>(vectors);
    a.matrices = shape_.matrices;
    a.rows = shape_.rows;
    a.channels = shape_.channels;
    a.groups = shape_.groups;
    a.parameter_stride = shape_.channels;
    a.x = x_.data();
    a.statistics = statistics_.data();
    a.weight = weight_.data();
    a.bias = bias_.data();
    return a;
  }

  Point pull(const char* operation, const Values* cotangent, const std::vector<Point>& directions,
             const std::vector<Values>& output_cotangents) {
    const int64_t vectors = static_cast<int64_t>(output_cotangents.size());
    opsig_normalization_arguments a = arguments(output_cotangents.size());
    a.accumulate = 1;
    Array<T> shared = array_of<T>({cotangent ? *cotangent : Values(1)});
    Directions d(cotangent ? directions : std::vector<Point>{Point{{0}, {0}, {0}}});
    if (cotangent) {
      a.cotangent = shared.data();
      set(a, d);
    }
    const Array<T> pulled = array_of<T>(output_cotangents);
    Array<T> x = ones(vectors * shape_.size()), weight = ones(vectors * shape_.channels),
             bias = ones(vectors * shape_.channels);
    a.output_cotangent = pulled.data();
    a.out = x.data();
    a.weight_cotangent = weight.data();
    a.bias_cotangent = bias.data();
    run(operation, a);
    return {values(x), values(weight), values(bias)};
  }

  Shape shape_;
  Array<T> x_, weight_, bias_;
  Array<double> statistics_;
  Values y_;
};

void expect_values(const std::string& what, const Values& actual, const Values& expected, double bound) {
  double largest = 1;
  for (const double value : expected) largest = std::max(largest, std::fabs(value));
  for (size_t i = 0; i < expected.size(); ++i) expect_near(what, actual[i], expected[i], bound * largest);
}

double dot(const Values& a, const Values& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Two vectors, so that strides count.
template <class T>
void test_shape(const Shape& s) {
  // Differences of float64 leave h² and u/h; float32 has some tens of roundings behind every number.
  const double h = 1e-5, h2 = 1e-3;
  const bool wide = precision_of<T>() == OPSIG_FLOAT64;
  const double first = wide ? 1e-7 : 2e-5, second = wide ? 1e-4 : 2e-4;
  const Point at = random_point(s, 1);
  const std::vector<Point> directions{random_point(s, 11), random_point(s, 21)};
  const std::vector<Values> cotangents{random_values(s.size(), 31), random_values(s.size(), 32)};
  Operations<T> operations(s, at);
  expect_values("normalization_forward", operations.y(), plain_forward(s, at), wide ? 1e-13 : 1e-5);

  Values tangents, bends;
  for (const Point& d : directions) {
    const Values up = plain_forward(s, along(at, h, d)), down = plain_forward(s, along(at, -h, d));
    const Values far_up = plain_forward(s, along(at, h2, d)), far_down = plain_forward(s, along(at, -h2, d));
    const Values here = plain_forward(s, at);
    for (size_t i = 0; i < here.size(); ++i) {
      tangents.push_back((up[i] - down[i]) / (2 * h));
      bends.push_back((far_up[i] - 2 * here[i] + far_down[i]) / (h2 * h2));
    }
  }
  expect_values("normalization_tangent", operations.tangents("normalization_tangent", directions), tangents, first);
  expect_values("normalization_second_order", operations.tangents("normalization_second_order", directions), bends,
                second);

  Point expected{{}, {}, {}};
  for (const Values& cotangent : cotangents)
    for (Values Point::*part : {&Point::x, &Point::weight, &Point::bias})
      for (size_t i = 0; i < (at.*part).size(); ++i) {
        Point up = at, down = at;
        (up.*part)[i] += h;
        (down.*part)[i] -= h;
        (expected.*part)
            .push_back(1 + (dot(cotangent, plain_forward(s, up)) - dot(cotangent, plain_forward(s, down))) / (2 * h));
      }
  const Point actual = operations.backward(cotangents);
  for (Values Point::*part : {&Point::x, &Point::weight, &Point::bias})
    expect_values("normalization_backward", actual.*part, expected.*part, first);

  const Values primal = random_values(s.size(), 41);
  Point moved{{}, {}, {}};
  for (size_t j = 0; j < directions.size(); ++j) {
    const Point up = Operations<double>(s, along(at, h, directions[j])).backward({along(primal, h, cotangents[j])});
    const Point down = Operations<double>(s, along(at, -h, directions[j])).backward({along(primal, -h, cotangents[j])});
    for (Values Point::*part : {&Point::x, &Point::weight, &Point::bias})
      for (size_t i = 0; i < (up.*part).size(); ++i)
        (moved.*part).push_back(1 + ((up.*part)[i] - (down.*part)[i]) / (2 * h));
  }
  const Point change = operations.tangent_backward(primal, directions, cotangents);
  for (Values Point::*part : {&Point::x, &Point::weight, &Point::bias})
    expect_values("normalization_tangent_backward", change.*part, moved.*part, wide ? 1e-6 : 5e-5);
}

template <class T>
void test_precision() {
  test_shape<T>({3, 4, 6, 2, false});  // group norm
  test_shape<T>({5, 1, 7, 1, false});  // layer norm
  test_shape<T>({1, 9, 3, 3, false});  // batch norm, statistics of the batch
  test_shape<T>({1, 9, 3, 3, true});   // batch norm, fixed statistics
}

}  // namespace

void test_normalization() {
  test_precision<float>();
  test_precision<double>();
}

}  // namespace opsig::test
