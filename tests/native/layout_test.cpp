#include "opsig/layout.h"

#include "support.h"

namespace opsig::test {
namespace {

template <class T>
void test_transpose(int64_t count, int64_t rows, int64_t columns, bool accumulate) {
  const Array<T> in = random_array<T>(count * rows * columns, 1);
  Array<T> out = accumulate ? random_array<T>(in.size(), 2) : Array<T>(in.size());
  const Array<T> before = out.copy();
  opsig_transpose_planes_arguments a{precision_of<T>(), accumulate, count, rows, columns, in.data(), out.data()};
  run("transpose_planes", a);
  for (int64_t n = 0; n < count; ++n)
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < columns; ++c) {
        const int64_t to = (n * columns + c) * rows + r;
        const T moved = in[(n * rows + r) * columns + c];
        expect_near("transpose_planes", out[to], accumulate ? before[to] + moved : moved, 0);
      }
}

template <class T>
void test_add(int64_t count, bool two, bool accumulate) {
  const Array<T> x = random_array<T>(count, 1), y = random_array<T>(count, 2);
  Array<T> out = accumulate ? random_array<T>(count, 3) : Array<T>(count);
  const Array<T> before = out.copy();
  opsig_add_arguments a{precision_of<T>(), accumulate, count, x.data(), two ? y.data() : nullptr, out.data(), {}};
  run("add", a);
  for (int64_t i = 0; i < count; ++i) {
    Sum sum;
    sum.add(x[i]);
    if (two) sum.add(y[i]);
    if (accumulate) sum.add(before[i]);
    sum.expect("add", out[i]);
  }
}

template <class T>
void test_column_sums(int64_t vectors, int64_t rows, int64_t columns, bool shared) {
  const int64_t in_stride = shared ? 0 : rows * columns + 2, out_stride = columns + 1;
  const Array<T> in = random_array<T>((vectors - 1) * in_stride + rows * columns, 1);
  Array<T> out = random_array<T>((vectors - 1) * out_stride + columns, 2);
  const Array<T> before = out.copy();
  opsig_column_sums_arguments a{precision_of<T>(), 0,         vectors,    rows,      columns,
                                in.data(),         in_stride, out.data(), out_stride};
  run("column_sums", a);
  for (int64_t j = 0; j < vectors; ++j) {
    for (int64_t c = 0; c < columns; ++c) {
      Sum sum;
      sum.add(before[j * out_stride + c]);
      for (int64_t r = 0; r < rows; ++r) sum.add(in[j * in_stride + r * columns + c]);
      sum.expect("column_sums", out[j * out_stride + c]);
    }
    if (j + 1 < vectors)
      expect_near("column_sums, between rows", out[j * out_stride + columns], before[j * out_stride + columns], 0);
  }
}

template <class T>
void test_sample_projections(int64_t vectors, int64_t samples, int64_t features, bool in_place) {
  const int64_t size = samples * features;
  const Array<T> gradient = random_array<T>(size, 1), tangents = random_array<T>(vectors * size, 2);
  Array<T> out(vectors * size);
  if (in_place)
    for (int64_t i = 0; i < size; ++i) out[i] = gradient[i];
  const double scale = -2.5;
  const opsig_sample_projections_arguments a{
      precision_of<T>(), 0,         scale, vectors, samples, features, in_place ? out.data() : gradient.data(),
      tangents.data(),   out.data()};
  run("sample_projections", a);
  for (int64_t j = 0; j < vectors; ++j)
    for (int64_t n = 0; n < samples; ++n)
      for (int64_t f = 0; f < features; ++f) {
        Sum sum;
        for (int64_t other = 0; other < features; ++other)
          sum.add(scale * static_cast<double>(gradient[n * features + other]) *
                  static_cast<double>(tangents[(j * samples + n) * features + other]) *
                  static_cast<double>(gradient[n * features + f]));
        sum.expect("sample_projections", out[(j * samples + n) * features + f], 4);
      }
}

template <class T>
void test_sample_dots(int64_t vectors, int64_t samples, int64_t features, bool shared) {
  const int64_t size = samples * features, a_stride = shared ? 0 : size, out_stride = samples + 3;
  const Array<T> x = random_array<T>((vectors - 1) * a_stride + size, 1), y = random_array<T>(vectors * size, 2);
  Array<double> out = random_array<double>((vectors - 1) * out_stride + samples, 3);
  const Array<double> before = out.copy();
  const double scale = -2.5;
  opsig_sample_dots_arguments a{precision_of<T>(), 0,        scale,    vectors, samples,    features,
                                x.data(),          a_stride, y.data(), size,    out.data(), out_stride};
  run("sample_dots", a);
  for (int64_t j = 0; j < vectors; ++j)
    for (int64_t n = 0; n < samples; ++n) {
      Sum sum;
      sum.add(before[j * out_stride + n]);
      for (int64_t f = 0; f < features; ++f)
        sum.add(scale * static_cast<double>(x[j * a_stride + n * features + f]) *
                static_cast<double>(y[j * size + n * features + f]));
      sum.expect("sample_dots", out[j * out_stride + n], 4);
    }
}

template <class T>
void test_precision() {
  for (const bool flag : {false, true}) {
    test_transpose<T>(1, 1, 1, flag);
    test_transpose<T>(3, 5, 7, flag);
    test_transpose<T>(4, 129, 65, flag);
    for (const bool two : {false, true}) {
      test_add<T>(1, two, flag);
      test_add<T>(40961, two, flag);
    }
    test_column_sums<T>(1, 1, 1, flag);
    test_column_sums<T>(3, 7, 5, flag);
    test_column_sums<T>(2, 1537, 23, flag);
    test_sample_dots<T>(1, 1, 1, flag);
    test_sample_dots<T>(3, 5, 7, flag);
    test_sample_dots<T>(2, 33, 521, flag);
    test_sample_projections<T>(1, 1, 1, flag);
    test_sample_projections<T>(3, 5, 7, flag);
    test_sample_projections<T>(2, 331, 53, flag);
  }
}

}  // namespace

void test_layout() {
  test_precision<float>();
  test_precision<double>();
  opsig_add_arguments a{};
  a.precision = -1;
  expect_refusal("add", a, "precision");
}

}  // namespace opsig::test
