#include "opsig/optimizer.h"

#include "support.h"

namespace opsig::test {
namespace {

template <class T>
void test_gradient_step(int64_t length, bool keeps) {
  Array<T> parameters = random_array<T>(length, 1), previous(length);
  const Array<T> gradient = random_array<T>(length, 2), before = parameters.copy();
  opsig_gradient_step_arguments a{};
  a.precision = precision_of<T>();
  a.length = length;
  a.step_size = 0.3;
  a.parameters = parameters.data();
  a.gradient = gradient.data();
  a.previous = keeps ? previous.data() : nullptr;
  run("gradient_step", a);
  for (int64_t p = 0; p < length; ++p) {
    Sum sum;
    sum.add(static_cast<double>(before[p]));
    sum.add(-0.3 * static_cast<double>(gradient[p]));
    sum.expect("gradient_step", parameters[p]);
    if (keeps)
      expect_near("gradient_step, previous", static_cast<double>(previous[p]), static_cast<double>(before[p]), 0);
  }
}

}  // namespace

void test_optimizers() {
  for (const int64_t length : {1, 33, 40961}) {
    test_gradient_step<float>(length, length != 33);
    test_gradient_step<double>(length, length == 33);
  }
  opsig_gradient_step_arguments a{};
  a.length = -1;
  expect_refusal("gradient_step", a, "negative");
  a.precision = 7;
  a.length = 0;
  expect_refusal("gradient_step", a, "precision");
}

}  // namespace opsig::test
