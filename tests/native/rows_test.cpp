#include "opsig/rows.h"

#include "support.h"

namespace opsig::test {
namespace {

template <class T>
void test_rows_of(int64_t vectors, int64_t rows, int64_t columns, bool repeats, bool accumulate) {
  const int64_t in_row = repeats ? 0 : columns + 2, out_row = columns + 3;
  const int64_t in_vector = repeats ? columns + 1 : rows * in_row, out_vector = rows * out_row;
  const Array<T> in = random_array<T>(vectors * in_vector, 1);
  Array<T> out = random_array<T>(vectors * out_vector, 2), sums = random_array<T>(vectors * columns, 3);
  const Array<T> out_before = out.copy(), sums_before = sums.copy();
  opsig_rows_arguments a{};
  a.precision = precision_of<T>();
  a.accumulate = accumulate;
  a.vectors = vectors;
  a.rows = rows;
  a.columns = columns;
  a.in = in.data();
  a.in_row_stride = in_row;
  a.in_vector_stride = in_vector;
  a.out = out.data();
  a.out_row_stride = out_row;
  a.out_vector_stride = out_vector;
  run("rows_copy", a);
  a.out = sums.data();
  a.out_vector_stride = columns;
  run("rows_sum", a);
  Array<T> zeros = accumulate ? random_array<T>(rows * columns, 4) : Array<T>(rows * columns);
  const Array<T> zeros_before = zeros.copy();
  a.vectors = 1;
  a.in = nullptr;
  a.out = zeros.data();
  a.out_row_stride = columns;
  run("rows_copy", a);
  for (int64_t i = 0; i < rows * columns; ++i)
    expect_near("rows_copy of nothing", zeros[i], accumulate ? zeros_before[i] : 0, 0);
  for (int64_t j = 0; j < vectors; ++j) {
    for (int64_t n = 0; n < rows; ++n)
      for (int64_t i = 0; i < out_row; ++i) {
        const int64_t at = j * out_vector + n * out_row + i;
        Sum sum;
        if (accumulate || i >= columns) sum.add(out_before[at]);
        if (i < columns) sum.add(in[j * in_vector + n * in_row + i]);
        sum.expect("rows_copy", out[at]);
      }
    for (int64_t i = 0; i < columns; ++i) {
      Sum sum;
      sum.add(sums_before[j * columns + i]);
      for (int64_t n = 0; n < rows; ++n) sum.add(in[j * in_vector + n * in_row + i]);
      sum.expect("rows_sum", sums[j * columns + i]);
    }
  }
}

template <class T>
void test_scale_of(int64_t vectors, int64_t rows, int64_t columns) {
  const int64_t stride = rows * columns + 3;
  const Array<T> factors = random_array<T>(rows, 5);
  Array<T> values = random_array<T>(vectors * stride, 6);
  const Array<T> before = values.copy();
  opsig_rows_scale_arguments a{};
  a.precision = precision_of<T>();
  a.vectors = vectors;
  a.rows = rows;
  a.columns = columns;
  a.factors = factors.data();
  a.values = values.data();
  a.vector_stride = stride;
  run("rows_scale", a);
  for (int64_t j = 0; j < vectors; ++j)
    for (int64_t i = 0; i < stride; ++i) {
      const int64_t at = j * stride + i;
      Sum sum;
      sum.add(i < rows * columns ? static_cast<double>(before[at]) * static_cast<double>(factors[i / columns])
                                 : before[at]);
      sum.expect("rows_scale", values[at]);
    }
}

}  // namespace

void test_rows() {
  for (const bool repeats : {false, true})
    for (const bool accumulate : {false, true}) {
      test_rows_of<float>(2, 3, 5, repeats, accumulate);
      test_rows_of<double>(1, 1, 1, repeats, accumulate);
      test_rows_of<float>(3, 80, 150, repeats, accumulate);
    }
  test_scale_of<float>(2, 3, 5);
  test_scale_of<double>(1, 1, 1);
  test_scale_of<float>(3, 80, 150);
  expect_refusal("rows_scale", opsig_rows_scale_arguments{}, "positive");
  const opsig_rows_arguments none{};
  expect_refusal("rows_copy", none, "positive");
  expect_refusal("rows_sum", none, "positive");
}

}  // namespace opsig::test
