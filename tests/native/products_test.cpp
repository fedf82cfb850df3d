#include "opsig/products.h"

#include <vector>

#include <cmath>

#include "support.h"

namespace opsig::test {
namespace {

struct Shape {
  int64_t vectors, rows, columns, depth;
};

// Element (i, j) of op(X).
template <class T>
double element(const opsig_operand& x, int64_t vector, int64_t i, int64_t j) {
  const T* data = static_cast<const T*>(x.data) + vector * x.vector_stride;
  return static_cast<double>(x.transposed ? data[j * x.leading + i] : data[i * x.leading + j]);
}

template <class T>
Array<T> fill(opsig_operand& x, int64_t vectors, int64_t rows, int64_t columns, bool transposed, bool shared,
              uint32_t seed) {
  const int64_t outer = transposed ? columns : rows, inner = transposed ? rows : columns;
  x.transposed = transposed;
  x.leading = inner + 2;
  const int64_t size = (outer - 1) * x.leading + inner;
  x.vector_stride = shared ? 0 : outer * x.leading + 1;
  Array<T> values = random_array<T>((vectors - 1) * x.vector_stride + size, seed);
  x.data = values.data();
  return values;
}

// Bits of `options`: which operands are transposed or shared, whether C is added to, whether there is a bias.
template <class T>
void test_product(const Shape& s, int terms, int options) {
  const auto bit = [&](int b) { return (options >> b & 1) != 0; };
  opsig_product_arguments p{};
  p.precision = precision_of<T>();
  p.terms = terms;
  p.accumulate = bit(0);
  p.vectors = s.vectors;
  p.rows = s.rows;
  p.columns = s.columns;
  p.depth = s.depth;
  std::vector<Array<T>> operands;
  for (int t = 0; t < terms; ++t) {
    operands.push_back(fill<T>(p.a[t], s.vectors, s.rows, s.depth, bit(1), bit(2) != (t == 1), 1));
    operands.push_back(fill<T>(p.b[t], s.vectors, s.depth, s.columns, bit(3), bit(4) != (t == 1), 2));
  }
  p.c_leading = s.columns + 1;
  p.c_vector_stride = s.rows * p.c_leading + 2;
  const int64_t size = (s.vectors - 1) * p.c_vector_stride + (s.rows - 1) * p.c_leading + s.columns;
  const Array<T> before = random_array<T>(size, 3);
  Array<T> c(size);
  const auto at = [&](int64_t j, int64_t i, int64_t k) { return j * p.c_vector_stride + i * p.c_leading + k; };
  if (p.accumulate)
    for (int64_t j = 0; j < s.vectors; ++j)
      for (int64_t i = 0; i < s.rows; ++i)
        for (int64_t k = 0; k < s.columns; ++k) c[at(j, i, k)] = before[at(j, i, k)];
  p.c = c.data();
  p.bias_vector_stride = bit(2) ? 0 : s.columns + 3;
  const Array<T> bias = random_array<T>((s.vectors - 1) * p.bias_vector_stride + s.columns, 4);
  p.bias = bit(5) ? bias.data() : nullptr;
  run("product", p);
  int64_t written = 0;
  for (int64_t j = 0; j < s.vectors; ++j)
    for (int64_t i = 0; i < s.rows; ++i)
      for (int64_t k = 0; k < s.columns; ++k) {
        Sum sum;
        if (p.accumulate) sum.add(before[at(j, i, k)]);
        if (p.bias) sum.add(bias[j * p.bias_vector_stride + k]);
        for (int t = 0; t < terms; ++t)
          for (int64_t d = 0; d < s.depth; ++d) sum.add(element<T>(p.a[t], j, i, d) * element<T>(p.b[t], j, d, k));
        sum.expect("product", c[at(j, i, k)]);
        ++written;
      }
  // What lies between rows and between vectors is still poisoned.
  for (int64_t e = 0; e < size; ++e) written -= c[e] == c[e];
  if (written != 0) fail("product wrote between the rows of its output");
}

// Rows of A and C that follow each other from vector to vector: with one B the call may become one taller product, with
// a B for each vector it must not.
template <class T>
void test_stacked(bool with_bias, bool shared) {
  const int64_t vectors = 3, rows = 5, columns = 7, depth = 9;
  const Array<T> a = random_array<T>(vectors * rows * depth, 1), b = random_array<T>(vectors * depth * columns, 2);
  const Array<T> bias = random_array<T>(columns, 3);
  Array<T> c(vectors * rows * columns);
  opsig_product_arguments p{};
  p.precision = precision_of<T>();
  p.terms = 1;
  p.vectors = vectors;
  p.rows = rows;
  p.columns = columns;
  p.depth = depth;
  p.a[0] = {a.data(), depth, rows * depth, 0, 0};
  p.b[0] = {b.data(), columns, shared ? 0 : depth * columns, 0, 0};
  p.c = c.data();
  p.c_leading = columns;
  p.c_vector_stride = rows * columns;
  p.bias = with_bias ? bias.data() : nullptr;
  run("product", p);
  for (int64_t i = 0; i < vectors * rows; ++i)
    for (int64_t k = 0; k < columns; ++k) {
      Sum sum;
      if (with_bias) sum.add(bias[k]);
      for (int64_t d = 0; d < depth; ++d)
        sum.add(static_cast<double>(a[i * depth + d]) *
                static_cast<double>(b[i / rows * p.b[0].vector_stride + d * columns + k]));
      sum.expect("stacked product", c[i * columns + k]);
    }
}

void test_packed(int64_t vectors, int64_t rows, int64_t columns, int64_t outputs, bool accumulate, bool with_bias) {
  int64_t by_rows_bytes = -1, by_columns_bytes = -1;
  run("packed_size",
      opsig_packed_size_arguments{OPSIG_FLOAT32, 0, rows, columns, outputs, &by_rows_bytes, &by_columns_bytes});
  if (by_rows_bytes < rows * columns * 4 || by_columns_bytes < rows * columns * 4) fail("packed_size is too small");
  const Array<float> x = random_array<float>(rows * columns, 1);
  Array<uint8_t> by_rows(by_rows_bytes), by_columns(by_columns_bytes);
  run("pack",
      opsig_pack_arguments{OPSIG_FLOAT32, 0, rows, columns, outputs, x.data(), by_rows.data(), by_columns.data()});

  const int64_t w_stride = outputs * columns + 1, y_stride = rows * outputs + 2, bias_stride = outputs + 1;
  const Array<float> w = random_array<float>(vectors * w_stride, 2),
                     bias = random_array<float>(vectors * bias_stride, 3);
  Array<float> y = accumulate ? random_array<float>(vectors * y_stride, 4) : Array<float>(vectors * y_stride);
  const Array<float> y_before = y.copy();
  run("packed_forward", opsig_packed_forward_arguments{
                            OPSIG_FLOAT32, accumulate, vectors, rows, columns, outputs, by_rows.data(), w.data(),
                            w_stride, with_bias ? bias.data() : nullptr, bias_stride, y.data(), y_stride});
  const Array<float> d = random_array<float>(vectors * y_stride, 5);
  Array<float> g = random_array<float>(vectors * w_stride, 6);
  const Array<float> g_before = g.copy();
  run("packed_gradient", opsig_packed_gradient_arguments{OPSIG_FLOAT32, 0, vectors, rows, columns, outputs,
                                                         by_columns.data(), d.data(), y_stride, g.data(), w_stride});
  // Strassen's step bounds an element's error by the magnitudes of all four blocks' elements at its place: each of at
  // most four products of quarters by sums of two blocks a side.
  const bool strassen = rows >= 512 && columns >= 512 && outputs >= 64 && rows % 2 + columns % 2 + outputs % 2 == 0;
  const auto expect = [&](const char* what, float actual, const Sum& sum, double magnitude, int64_t depth) {
    if (strassen)
      expect_near(what, actual, sum.value(), static_cast<double>(depth / 2 + 8) * roundoff<float>() * 4 * magnitude);
    else
      sum.expect(what, actual);
  };
  const auto both = [](int64_t i, int64_t extent) { return (i + extent / 2) % extent; };
  const auto size_x = [&](int64_t r, int64_t c) { return std::fabs(static_cast<double>(x[r * columns + c])); };
  for (int64_t j = 0; j < vectors; ++j) {
    const auto size_w = [&](int64_t o, int64_t c) {
      return std::fabs(static_cast<double>(w[j * w_stride + o * columns + c]));
    };
    const auto size_d = [&](int64_t r, int64_t o) {
      return std::fabs(static_cast<double>(d[j * y_stride + r * outputs + o]));
    };
    for (int64_t o = 0; o < outputs; o += strassen ? 13 : 1) {
      for (int64_t r = 0; r < rows; r += strassen ? 7 : 1) {
        Sum sum;
        double magnitude = 0;
        if (accumulate) sum.add(y_before[j * y_stride + r * outputs + o]);
        if (with_bias) sum.add(bias[j * bias_stride + o]);
        for (int64_t c = 0; c < columns; ++c) {
          sum.add(static_cast<double>(x[r * columns + c]) * static_cast<double>(w[j * w_stride + o * columns + c]));
          if (strassen && c < columns / 2)
            magnitude += (size_x(r, c) + size_x(both(r, rows), c) + size_x(r, both(c, columns)) +
                          size_x(both(r, rows), both(c, columns))) *
                         (size_w(o, c) + size_w(both(o, outputs), c) + size_w(o, both(c, columns)) +
                          size_w(both(o, outputs), both(c, columns)));
        }
        expect("packed_forward", y[j * y_stride + r * outputs + o], sum, magnitude, columns);
      }
      for (int64_t c = 0; c < columns; c += strassen ? 7 : 1) {
        Sum sum;
        double magnitude = 0;
        sum.add(g_before[j * w_stride + o * columns + c]);
        for (int64_t r = 0; r < rows; ++r) {
          sum.add(static_cast<double>(d[j * y_stride + r * outputs + o]) * static_cast<double>(x[r * columns + c]));
          if (strassen && r < rows / 2)
            magnitude += (size_x(r, c) + size_x(both(r, rows), c) + size_x(r, both(c, columns)) +
                          size_x(both(r, rows), both(c, columns))) *
                         (size_d(r, o) + size_d(both(r, rows), o) + size_d(r, both(o, outputs)) +
                          size_d(both(r, rows), both(o, outputs)));
        }
        expect("packed_gradient", g[j * w_stride + o * columns + c], sum, magnitude, rows);
      }
    }
  }
}

template <class T>
void test_precision() {
  for (int options = 0; options < 64; ++options) {
    test_product<T>({1, 1, 1, 1}, 1, options);
    test_product<T>({3, 5, 7, 11}, 2, options);
    test_product<T>({2, 13, 33, 17}, 1, options);
  }
  // Past one block of every extent of the float64 kernel: 96 rows, 512 columns, 256 of depth.
  for (const int options : {0, 11, 63}) test_product<T>({1, 101, 519, 261}, 1, options);
  for (const bool with_bias : {false, true})
    for (const bool shared : {false, true}) test_stacked<T>(with_bias, shared);
}

}  // namespace

void test_products() {
  test_precision<float>();
  test_precision<double>();
  for (const bool flag : {false, true}) {
    test_packed(1, 1, 1, 1, flag, flag);
    test_packed(2, 7, 65, 17, flag, !flag);
    test_packed(3, 33, 101, 37, flag, flag);
    test_packed(1, 514, 516, 66, flag, flag);
  }
  int64_t by_rows = -1, by_columns = -1;
  run("packed_size", opsig_packed_size_arguments{OPSIG_FLOAT64, 0, 7, 65, 17, &by_rows, &by_columns});
  if (by_rows != 0 || by_columns != 0) fail("packing is offered in float64");
  opsig_packed_gradient_arguments packed{};
  packed.precision = OPSIG_FLOAT64;
  expect_refusal("packed_gradient", packed, "float32");
  opsig_product_arguments p{};
  p.terms = 3;
  expect_refusal("product", p, "terms");
}

}  // namespace opsig::test
