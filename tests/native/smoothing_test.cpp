#include "opsig/smoothing.h"

#include "support.h"

namespace opsig::test {
namespace {

template <class T>
void test_smoothing_of(int64_t samples, int64_t classes) {
  const Array<T> z = random_array<T>(samples * classes, 1);
  Array<int64_t> targets(samples);
  Array<double> losses(samples);
  Array<T> gradient = random_array<T>(samples * classes, 2);
  const Array<T> before = gradient.copy();
  for (int64_t n = 0; n < samples; ++n) {
    targets[n] = n % classes;
    losses[n] = 0.25;
  }
  opsig_label_smoothing_arguments a{};
  a.precision = precision_of<T>();
  a.samples = samples;
  a.classes = classes;
  a.smoothing = 0.1;
  a.weight = 0.5;
  a.outputs = z.data();
  a.targets = targets.data();
  a.losses = losses.data();
  a.out = gradient.data();
  run("label_smoothing_forward", a);
  run("label_smoothing_gradient", a);
  for (int64_t n = 0; n < samples; ++n) {
    Sum loss;
    loss.add(0.25);
    loss.add(0.1 * static_cast<double>(z[n * classes + targets[n]]));
    for (int64_t c = 0; c < classes; ++c) {
      loss.add(-0.1 * static_cast<double>(z[n * classes + c]) / static_cast<double>(classes));
      Sum element;
      element.add(before[n * classes + c]);
      element.add(-0.05 / static_cast<double>(classes));
      if (c == targets[n]) element.add(0.05);
      element.expect("label_smoothing_gradient", gradient[n * classes + c]);
    }
    loss.expect("label_smoothing_forward", losses[n]);
  }
  targets[0] = classes;
  expect_refusal("label_smoothing_forward", a, "target");
  expect_refusal("label_smoothing_gradient", a, "target");
}

}  // namespace

void test_smoothing() {
  test_smoothing_of<float>(5, 3);
  test_smoothing_of<double>(2, 1);
  test_smoothing_of<float>(400, 100);
}

}  // namespace opsig::test
