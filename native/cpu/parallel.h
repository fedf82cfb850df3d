// Loops over elements with threads only where the work outweighs waking them.
#pragma once

#include <cstdint>
#include <exception>

namespace opsig {

// Below this many elements (of a cheap elementwise loop) a parallel region costs more than it saves: about 5 us.
constexpr int64_t kParallelElements = 1 << 15;

// An exception that leaves a parallel region ends the process. Bodies that allocate run through `guard`; after the
// region `rethrow` throws the first exception that any of them met.
class ParallelExceptions {
 public:
  template <class Body>
  void guard(Body body) noexcept {
    try {
      body();
    } catch (...) {
#pragma omp critical(opsig_parallel_exceptions)
      if (!first_) first_ = std::current_exception();
    }
  }

  void rethrow() const {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::exception_ptr first_;
};

}  // namespace opsig
