// Working memory of an operation: it belongs to the calling thread, grows to the largest request and is kept for the
// next one.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace opsig {

// At least `elements` floats on a cache line's boundary, with whatever they held. Each Slot, an empty type that names
// the use, is memory of its own.
template <class Slot>
float* scratch(int64_t elements) {
  constexpr size_t kLine = 64;
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  thread_local std::unique_ptr<float, Free> kept;
  thread_local int64_t capacity = 0;
  if (capacity < elements) {
    kept.reset();
    capacity = 0;
    const size_t bytes = (static_cast<size_t>(elements) * sizeof(float) + kLine - 1) / kLine * kLine;
    kept.reset(static_cast<float*>(std::aligned_alloc(kLine, bytes)));
    if (!kept) throw std::bad_alloc();
    capacity = elements;
  }
  return kept.get();
}

}  // namespace opsig
