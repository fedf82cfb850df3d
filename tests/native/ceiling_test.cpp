#include "opsig/ceiling.h"

#include "support.h"

namespace opsig::test {
namespace {

template <class T>
void test_ceiling(int64_t count, int64_t rounds) {
  Array<T> out(count);
  opsig_ceiling_arguments a{};
  a.precision = precision_of<T>();
  a.count = count;
  a.rounds = rounds;
  a.out = out.data();
  run("ceiling", a);
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int c = 0; c < OPSIG_CEILING_CHAINS; ++c)
      sum += 2 + (static_cast<double>(i % 32 + c) - 2) * std::pow(0.5, static_cast<double>(rounds));

    // Every round halves what the rounds before have lost, so that a chain is off by two roundings at most.
    expect_near("ceiling", static_cast<double>(out[i]), sum, 12 * roundoff<T>() * sum);
  }
}

}  // namespace

void test_ceilings() {
  test_ceiling<float>(1, 0);
  test_ceiling<float>(70, 3);
  test_ceiling<double>(33, 60);
  opsig_ceiling_arguments a{};
  a.rounds = -1;
  expect_refusal("ceiling", a, "negative");
}

}  // namespace opsig::test
