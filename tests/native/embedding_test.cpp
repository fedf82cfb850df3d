#include "opsig/embedding.h"

#include "support.h"

namespace opsig::test {
namespace {

template <class T>
void test_table(int64_t vectors, int64_t rows, int64_t width) {
  const int64_t vocabulary = 7;
  Array<int64_t> tokens(rows);
  for (int64_t n = 0; n < rows; ++n) tokens[n] = (n * n + 3) % vocabulary;
  const Array<T> tables = random_array<T>(vectors * vocabulary * width, 1),
                 cotangents = random_array<T>(vectors * rows * width, 2);
  Array<T> picked(vectors * rows * width), sums = random_array<T>(vectors * vocabulary * width, 3);
  const Array<T> before = sums.copy();
  opsig_embedding_arguments a{};
  a.precision = precision_of<T>();
  a.vectors = vectors;
  a.rows = rows;
  a.width = width;
  a.vocabulary = vocabulary;
  a.tokens = tokens.data();
  a.in = tables.data();
  a.in_vector_stride = vocabulary * width;
  a.out = picked.data();
  a.out_vector_stride = rows * width;
  run("embedding_forward", a);
  a.in = cotangents.data();
  a.in_vector_stride = rows * width;
  a.out = sums.data();
  a.out_vector_stride = vocabulary * width;
  run("embedding_backward", a);
  for (int64_t j = 0; j < vectors; ++j)
    for (int64_t c = 0; c < width; ++c) {
      for (int64_t n = 0; n < rows; ++n)
        expect_near("embedding_forward", picked[(j * rows + n) * width + c],
                    tables[(j * vocabulary + tokens[n]) * width + c], 0);
      for (int64_t v = 0; v < vocabulary; ++v) {
        Sum sum;
        sum.add(before[(j * vocabulary + v) * width + c]);
        for (int64_t n = 0; n < rows; ++n)
          if (tokens[n] == v) sum.add(cotangents[(j * rows + n) * width + c]);
        sum.expect("embedding_backward", sums[(j * vocabulary + v) * width + c]);
      }
    }
  tokens[rows - 1] = vocabulary;
  expect_refusal("embedding_forward", a, "token");
  expect_refusal("embedding_backward", a, "token");
}

}  // namespace

void test_embeddings() {
  test_table<float>(2, 5, 3);
  test_table<double>(1, 9, 70);
  test_table<float>(2, 300, 100);
}

}  // namespace opsig::test
