#include "opsig/optimizer.h"

#include "support.h"

namespace opsig::test {
namespace {

// What the formulas of the header give for one element, in float64.
struct Element {
  double parameter, first, second;
};

Element momentum(Element e, double gradient, const opsig_momentum_step_arguments& a) {
  e.first = a.decay * e.first + gradient;
  e.parameter -= a.step_size * (a.nesterov ? gradient + a.decay * e.first : e.first);
  return e;
}

Element adaptive(Element e, double gradient, const opsig_adaptive_step_arguments& a) {
  e.first = a.first ? a.first_decay * e.first + (1 - a.first_decay) * gradient : gradient;
  e.second = a.second_decay * e.second + (1 - a.second_decay) * gradient * gradient;
  e.parameter -= a.step_size * a.first_correction * e.first / (std::sqrt(a.second_correction * e.second) + a.epsilon);
  return e;
}

// Compares with a number that was rounded once; a few roundings in float64 come before that.
template <class T>
void expect_rounded(const char* what, T actual, double expected, double magnitude) {
  expect_near(what, static_cast<double>(actual), expected, (roundoff<T>() + 16 * roundoff<double>()) * magnitude);
}

template <class T>
void test_momentum_step(int64_t length, bool nesterov, bool keeps) {
  Array<T> parameters = random_array<T>(length, 1), velocity = random_array<T>(length, 3), previous(length);
  const Array<T> gradient = random_array<T>(length, 2), before = parameters.copy(), start = velocity.copy();
  opsig_momentum_step_arguments a{};
  a.precision = precision_of<T>();
  a.nesterov = nesterov;
  a.length = length;
  a.step_size = 0.3;
  a.decay = 0.9;
  a.parameters = parameters.data();
  a.gradient = gradient.data();
  a.velocity = velocity.data();
  a.previous = keeps ? previous.data() : nullptr;
  run("momentum_step", a);
  for (int64_t p = 0; p < length; ++p) {
    const double g = static_cast<double>(gradient[p]), v = static_cast<double>(start[p]);
    const Element expected = momentum({static_cast<double>(before[p]), v, 0}, g, a);
    const double magnitude = std::fabs(v) + std::fabs(g);
    expect_rounded("momentum_step", parameters[p], expected.parameter, std::fabs(before[p]) + 2 * magnitude);
    expect_rounded("momentum_step, velocity", velocity[p], expected.first, magnitude);
    if (keeps)
      expect_near("momentum_step, previous", static_cast<double>(previous[p]), static_cast<double>(before[p]), 0);
  }
}

template <class T>
void test_adaptive_step(int64_t length, bool has_first, bool keeps) {
  Array<T> parameters = random_array<T>(length, 1), first = random_array<T>(length, 3), second(length),
           previous(length);
  for (int64_t p = 0; p < length; ++p) second[p] = static_cast<T>(p % 5) / 4;
  Array<T> gradient = random_array<T>(length, 2);
  gradient[0] = 0;
  const Array<T> before = parameters.copy(), first_start = first.copy(), second_start = second.copy();
  opsig_adaptive_step_arguments a{};
  a.precision = precision_of<T>();
  a.length = length;
  a.step_size = 0.01;
  a.first_decay = 0.9;
  a.second_decay = 0.99;
  a.first_correction = 3;
  a.second_correction = 30;
  a.epsilon = 1e-8;
  a.parameters = parameters.data();
  a.gradient = gradient.data();
  a.first = has_first ? first.data() : nullptr;
  a.second = second.data();
  a.previous = keeps ? previous.data() : nullptr;
  run("adaptive_step", a);
  for (int64_t p = 0; p < length; ++p) {
    const double g = static_cast<double>(gradient[p]);
    const Element start{static_cast<double>(before[p]), static_cast<double>(first_start[p]),
                        static_cast<double>(second_start[p])};
    const Element expected = adaptive(start, g, a);

    // The mean may cancel; its error is divided by the same root as the mean.
    const double change = std::fabs(expected.parameter - start.parameter);
    const double cancelled =
        expected.first == 0 ? 0 : (std::fabs(start.first) + std::fabs(g)) / std::fabs(expected.first);
    expect_rounded("adaptive_step", parameters[p], expected.parameter,
                   std::fabs(start.parameter) + change * (2 + cancelled));
    expect_rounded("adaptive_step, second", second[p], expected.second, expected.second);
    const double kept = has_first ? expected.first : start.first;
    expect_rounded("adaptive_step, first", first[p], kept, std::fabs(start.first) + std::fabs(g));
    if (keeps) expect_near("adaptive_step, previous", static_cast<double>(previous[p]), start.parameter, 0);
  }
}

template <class T>
void test_gradient_step(int64_t length, bool sign, bool keeps) {
  Array<T> parameters = random_array<T>(length, 1), gradient = random_array<T>(length, 2), previous(length);
  const Array<T> before = parameters.copy();
  gradient[0] = 0;
  if (length > 1) gradient[length - 1] = std::numeric_limits<T>::quiet_NaN();
  opsig_gradient_step_arguments a{};
  a.precision = precision_of<T>();
  a.sign = sign;
  a.length = length;
  a.step_size = 0.3;
  a.parameters = parameters.data();
  a.gradient = gradient.data();
  a.previous = keeps ? previous.data() : nullptr;
  run("gradient_step", a);
  for (int64_t p = 0; p < length; ++p) {
    const double g = static_cast<double>(gradient[p]), start = static_cast<double>(before[p]);
    if (keeps) expect_near("gradient_step, previous", static_cast<double>(previous[p]), start, 0);
    if (g != g) {
      if (parameters[p] == parameters[p]) fail("gradient_step hides a gradient that is not a number");
      continue;
    }
    const double change = -0.3 * (!sign ? g : g > 0 ? 1.0 : g < 0 ? -1.0 : 0.0);
    expect_rounded("gradient_step", parameters[p], start + change, std::fabs(start) + std::fabs(change));
  }
}

template <class T>
void test_precondition(int64_t length, int64_t count, bool in_place) {
  const int64_t stride = length + 3;
  Array<T> input = random_array<T>(count * stride, 1), output(count * stride), second(length);
  for (int64_t p = 0; p < length; ++p) second[p] = static_cast<T>(p % 5) / 4;
  Array<T> gradient = random_array<T>(length, 2);
  gradient[0] = 0;
  const Array<T> before = input.copy();
  opsig_precondition_arguments a{};
  a.precision = precision_of<T>();
  a.count = static_cast<int32_t>(count);
  a.length = length;
  a.second_decay = 0.99;
  a.second_correction = 30;
  a.epsilon = 1e-8;
  a.factor = 0.1;
  a.gradient = gradient.data();
  a.second = second.data();
  a.input = input.data();
  a.input_stride = stride;
  a.output = in_place ? input.data() : output.data();
  a.output_stride = stride;
  run("precondition", a);
  const T* actual = static_cast<const T*>(a.output);
  for (int64_t p = 0; p < length; ++p) {
    const double g = static_cast<double>(gradient[p]);
    const double root = std::sqrt(30 * (0.99 * static_cast<double>(second[p]) + (1 - 0.99) * g * g));
    for (int64_t j = 0; j < count; ++j) {
      const double expected = static_cast<double>(before[j * stride + p]) / std::sqrt(0.1 * (root + 1e-8));
      expect_rounded("precondition", actual[j * stride + p], expected, std::fabs(expected));
    }
  }
}

template <class Arguments>
void test_refusals(const char* name) {
  Arguments a{};
  a.length = -1;
  expect_refusal(name, a, "negative");
  a.precision = 7;
  a.length = 0;
  expect_refusal(name, a, "precision");
}

template <class T>
void test_steps(int64_t length) {
  for (const bool keeps : {false, true}) {
    for (const bool variant : {false, true}) {
      test_gradient_step<T>(length, variant, keeps);
      test_momentum_step<T>(length, variant, keeps);
      test_adaptive_step<T>(length, variant, keeps);
      test_precondition<T>(length, variant ? 3 : 1, keeps);
    }
  }
}

}  // namespace

void test_optimizers() {
  for (const int64_t length : {1, 33, 40961}) {
    test_steps<float>(length);
    test_steps<double>(length);
  }
  test_refusals<opsig_gradient_step_arguments>("gradient_step");
  test_refusals<opsig_momentum_step_arguments>("momentum_step");
  test_refusals<opsig_adaptive_step_arguments>("adaptive_step");
  test_refusals<opsig_precondition_arguments>("precondition");
}

}  // namespace opsig::test
