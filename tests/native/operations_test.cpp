// Every operation of the table against naive float64 loops, in both precisions, with ragged shapes, strides, shared
// operands, poisoned outputs and guarded ends.
#include "support.h"

namespace opsig::test {

void test_activations();
void test_attention();
void test_ceilings();
void test_convolutions();
void test_dropouts();
void test_embeddings();
void test_layout();
void test_losses();
void test_normalization();
void test_optimizers();
void test_pooling();
void test_products();
void test_rows();
void test_shortcuts();
void test_signals();
void test_smoothing();
void test_vectors();

}  // namespace opsig::test

int main() {
  using namespace opsig::test;
  for (const int threads : {1, 3}) {
    opsig_set_threads(threads);
    test_activations();
    test_attention();
    test_ceilings();
    test_convolutions();
    test_dropouts();
    test_embeddings();
    test_layout();
    test_losses();
    test_normalization();
    test_optimizers();
    test_pooling();
    test_products();
    test_rows();
    test_shortcuts();
    test_signals();
    test_smoothing();
    test_vectors();
  }
  if (const std::string unused = unused_operations(); !unused.empty()) fail("no test runs" + unused);
  if (failures() > 0) std::fprintf(stderr, "%d failures\n", failures());
  return failures() != 0;
}
