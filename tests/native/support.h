// What the tests of operations share: the table, arrays with guarded ends, sums with error bounds, and a count of
// failures.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <type_traits>

#include "opsig/opsig.h"

namespace opsig::test {

// Where the failures of a comparison are counted and printed.
void fail(const std::string& what);
int failures();

// Runs the operation called `name`; its struct must have the size that the table says.
opsig_status run_raw(const char* name, const void* arguments, size_t size);

template <class Arguments>
opsig_status try_run(const char* name, const Arguments& arguments) {
  return run_raw(name, &arguments, sizeof arguments);
}

// Runs an operation that must succeed.
template <class Arguments>
void run(const char* name, const Arguments& arguments) {
  if (try_run(name, arguments) != OPSIG_OK) fail(std::string(name) + " failed: " + opsig_last_error());
}

// Runs an operation that must be refused with a text that contains `word`.
template <class Arguments>
void expect_refusal(const char* name, const Arguments& arguments, const char* word) {
  if (try_run(name, arguments) != OPSIG_INVALID_ARGUMENT)
    fail(std::string(name) + " took what it must refuse");
  else if (std::string(opsig_last_error()).find(word) == std::string::npos)
    fail(std::string(name) + ": the refusal does not say '" + word + "': " + opsig_last_error());
}

// Names of the operations that no test has run.
std::string unused_operations();

template <class T>
constexpr int32_t precision_of() {
  return std::is_same_v<T, double> ? OPSIG_FLOAT64 : OPSIG_FLOAT32;
}

// Unit roundoff.
template <class T>
constexpr double roundoff() {
  return std::numeric_limits<T>::epsilon() / 2;
}

// An array on the heap of exactly the size asked for, so that AddressSanitizer sees one element too many. Without it
// the array lies between guards, which must be untouched when it goes. Fresh arrays are full of NaN (integers: of
// 0x5a).
template <class T>
class Array {
 public:
  explicit Array(int64_t size) : size_(size), memory_(new T[static_cast<size_t>(size) + 2 * kGuard]) {
    for (int64_t i = 0; i < size + 2 * kGuard; ++i) memory_[i] = poison();
  }
  Array(Array&&) = default;
  ~Array() {
    if (!memory_) return;
    for (int64_t i = 0; i < kGuard; ++i)
      if (!is_poison(memory_[i]) || !is_poison(memory_[kGuard + size_ + i])) {
        fail("an operation wrote beside its output");
        return;
      }
  }

  T* data() { return memory_.get() + kGuard; }
  const T* data() const { return memory_.get() + kGuard; }
  int64_t size() const { return size_; }
  T& operator[](int64_t i) { return data()[i]; }
  const T& operator[](int64_t i) const { return data()[i]; }

  Array copy() const {
    Array other(size_);
    for (int64_t i = 0; i < size_; ++i) other[i] = data()[i];
    return other;
  }

 private:
#if defined(__SANITIZE_ADDRESS__)
  static constexpr int64_t kGuard = 0;
#else
  static constexpr int64_t kGuard = 19;
#endif

  static T poison() {
    if constexpr (std::is_floating_point_v<T>)
      return std::numeric_limits<T>::quiet_NaN();
    else
      return T(0x5a);
  }
  static bool is_poison(T value) {
    if constexpr (std::is_floating_point_v<T>)
      return value != value;
    else
      return value == poison();
  }

  int64_t size_;
  std::unique_ptr<T[]> memory_;
};

// Normal numbers, the same in every run.
template <class T>
Array<T> random_array(int64_t size, uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  Array<T> values(size);
  for (int64_t i = 0; i < size; ++i) values[i] = static_cast<T>(normal(engine));
  return values;
}

// A sum in float64 with the magnitude that bounds the error of any order of summation: n u sum |terms|.
class Sum {
 public:
  void add(double term) {
    value_ += term;
    magnitude_ += std::fabs(term);
    ++terms_;
  }
  double value() const { return value_; }

  // Compares with what an operation computed in T. `extra` roundings are those of the terms themselves.
  template <class T>
  void expect(const std::string& what, T actual, int extra = 2) const {
    // The sum here has float64 roundings of its own.
    const double bound = (terms_ + extra) * (roundoff<T>() + roundoff<double>()) * magnitude_;
    if (!(std::fabs(static_cast<double>(actual) - value_) <= bound))
      fail(what + ": got " + std::to_string(static_cast<double>(actual)) + ", expected " + std::to_string(value_));
  }

 private:
  double value_ = 0;
  double magnitude_ = 0;
  int terms_ = 0;
};

// Compares within an absolute bound.
inline void expect_near(const std::string& what, double actual, double expected, double bound) {
  if (!(std::fabs(actual - expected) <= bound))
    fail(what + ": got " + std::to_string(actual) + ", expected " + std::to_string(expected));
}

}  // namespace opsig::test
