#include "opsig/loss.h"

#include <vector>

#include "support.h"

namespace opsig::test {
namespace {

// Float64 throughout, and one rounding to T: the largest relative error of numbers of order one.
template <class T>
constexpr double kBound = 8 * (roundoff<T>() + 1e-15);

std::vector<double> softmax(const std::vector<double>& z) {
  double top = z[0], sum = 0;
  for (const double value : z) top = std::fmax(top, value);
  std::vector<double> p;
  for (const double value : z) p.push_back(std::exp(value - top));
  for (const double value : p) sum += value;
  for (double& value : p) value /= sum;
  return p;
}

template <class T>
void test_loss(bool cross_entropy, int64_t samples, int64_t classes, int64_t vectors, double offset) {
  const std::string prefix = cross_entropy ? "cross_entropy" : "squared_error";
  Array<T> z = random_array<T>(samples * classes, 1);
  for (int64_t i = 0; i < z.size(); ++i) z[i] += static_cast<T>(offset);
  const Array<T> numbers = random_array<T>(samples * classes, 2), u = random_array<T>(vectors * samples * classes, 3);
  Array<int64_t> labels(samples);
  for (int64_t n = 0; n < samples; ++n) labels[n] = (3 * n + 1) % classes;

  Array<double> losses(samples);
  Array<uint8_t> correct(samples);
  Array<T> gradient(samples * classes), product(vectors * samples * classes);
  const int64_t stride = samples + 2;
  Array<double> curvatures = random_array<double>((vectors - 1) * stride + samples, 4);
  const Array<double> before = curvatures.copy();
  opsig_loss_arguments a{};
  a.precision = precision_of<T>();
  a.vectors = static_cast<int32_t>(vectors);
  a.samples = samples;
  a.classes = classes;
  a.weight = 0.375;
  a.outputs = z.data();
  a.targets = cross_entropy ? static_cast<const void*>(labels.data()) : numbers.data();
  a.losses = losses.data();
  a.correct = correct.data();
  run((prefix + "_forward").c_str(), a);
  a.losses = nullptr;
  a.correct = nullptr;
  a.out = gradient.data();
  run((prefix + "_gradient").c_str(), a);
  a.tangents = u.data();
  a.out = product.data();
  run((prefix + "_hessian_product").c_str(), a);
  a.out = nullptr;
  a.curvatures = curvatures.data();
  a.curvature_vector_stride = stride;
  run((prefix + "_curvature").c_str(), a);

  for (int64_t n = 0; n < samples; ++n) {
    std::vector<double> outputs, target;
    for (int64_t c = 0; c < classes; ++c) {
      outputs.push_back(z[n * classes + c]);
      target.push_back(cross_entropy ? c == labels[n] : static_cast<double>(numbers[n * classes + c]));
    }
    const std::vector<double> p = softmax(outputs);
    double loss = 0;
    size_t largest = 0, wanted = 0;
    for (size_t c = 0; c < p.size(); ++c) {
      largest = outputs[c] > outputs[largest] ? c : largest;
      wanted = target[c] > target[wanted] ? c : wanted;
      loss += cross_entropy ? 0 : 0.5 * (outputs[c] - target[c]) * (outputs[c] - target[c]);
    }
    if (cross_entropy) loss = -std::log(p[wanted]);
    const double size = std::fabs(loss) + std::fabs(offset) + 1;
    expect_near(prefix + "_forward", losses[n], loss, 1e-14 * size);
    if (cross_entropy || classes > 1) expect_near(prefix + ", correct", correct[n], largest == wanted, 0);
    for (int64_t c = 0; c < classes; ++c) {
      const double g = (cross_entropy ? p[c] : outputs[c]) - target[c];
      expect_near(prefix + "_gradient", gradient[n * classes + c], 0.375 * g, kBound<T> * (1 + std::fabs(g)) * size);
    }
    for (int64_t j = 0; j < vectors; ++j) {
      const T* direction = u.data() + (j * samples + n) * classes;
      double mean = 0, curvature = 0;
      for (int64_t c = 0; c < classes; ++c) mean += cross_entropy ? p[c] * direction[c] : 0;
      for (int64_t c = 0; c < classes; ++c) {
        const double h = (cross_entropy ? p[c] : 1) * (direction[c] - mean);
        curvature += h * direction[c];
        expect_near(prefix + "_hessian_product", product[(j * samples + n) * classes + c], 0.375 * h,
                    kBound<T> * (1 + std::fabs(h)));
      }
      expect_near(prefix + "_curvature", curvatures[j * stride + n], before[j * stride + n] + curvature,
                  1e-14 * (10 + curvature));
    }
  }
}

template <class T>
void test_precision() {
  for (const bool cross_entropy : {false, true}) {
    test_loss<T>(cross_entropy, 1, 1, 1, 0);
    test_loss<T>(cross_entropy, 7, 5, 3, 0);
    test_loss<T>(cross_entropy, 1031, 11, 1, 0);
  }
  // Outputs whose exponentials overflow float64.
  test_loss<T>(true, 5, 4, 2, 1000);
}

}  // namespace

void test_losses() {
  test_precision<float>();
  test_precision<double>();
  Array<float> z = random_array<float>(6, 1);
  Array<float> out(6);
  Array<int64_t> labels(2);
  opsig_loss_arguments a{};
  a.samples = 2;
  a.classes = 3;
  a.outputs = z.data();
  a.targets = labels.data();
  a.out = out.data();
  for (const int64_t wrong : {-1, 3}) {
    labels[0] = 0;
    labels[1] = wrong;
    expect_refusal("cross_entropy_gradient", a, "sample 1");
    expect_refusal("cross_entropy_forward", a, "sample 1");
  }
}

}  // namespace opsig::test
