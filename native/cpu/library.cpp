// The library's fixed entry points: table of operations, last error, threads.
#include <omp.h>

#include <atomic>
#include <cstdio>
#include <new>
#include <vector>

#include "operation.h"
#include "signal_shield.h"

namespace opsig {
namespace {

opsig_operation*& head() {
  static opsig_operation* first = nullptr;
  return first;
}

thread_local std::string last_error;

// OpenMP keeps the number of threads per calling thread; ours holds for the process, whichever thread calls.
std::atomic<int32_t>& wanted_threads() {
  static std::atomic<int32_t> threads(omp_get_max_threads());
  return threads;
}

void use_wanted_threads() {
  const int32_t threads = wanted_threads().load(std::memory_order_relaxed);
  if (omp_get_max_threads() != threads) omp_set_num_threads(threads);
}

}  // namespace

std::string formatted(const char* format, ...) {
  va_list list;
  va_start(list, format);
  va_list again;
  va_copy(again, list);
  const int length = std::vsnprintf(nullptr, 0, format, list);
  va_end(list);
  std::string text(length > 0 ? static_cast<size_t>(length) : 0, '\0');
  if (length > 0) std::vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  return text;
}

Registration::Registration(const char* name, opsig_status (*run)(const void*), size_t argument_size)
    : entry_{name, run, argument_size, head()} {
  head() = &entry_;
}

opsig_status guarded(const char* operation, void (*body)(const void*), const void* arguments) noexcept {
  try {
    const SignalShield shield;
    use_wanted_threads();
    body(arguments);
    return OPSIG_OK;
  } catch (const InvalidArgument& e) {
    last_error = std::string(operation) + ": " + e.what();
    return OPSIG_INVALID_ARGUMENT;
  } catch (const std::bad_alloc&) {
    last_error = std::string(operation) + ": out of memory";
    return OPSIG_OUT_OF_MEMORY;
  } catch (const std::exception& e) {
    last_error = std::string(operation) + ": " + e.what();
    return OPSIG_INTERNAL_ERROR;
  } catch (...) {
    last_error = std::string(operation) + ": unknown exception";
    return OPSIG_INTERNAL_ERROR;
  }
}

}  // namespace opsig

extern "C" {

int32_t opsig_abi_version(void) { return OPSIG_ABI_VERSION; }

const opsig_operation* opsig_operations(void) { return opsig::head(); }

const char* opsig_last_error(void) { return opsig::last_error.c_str(); }

opsig_status opsig_set_threads(int32_t threads) {
  if (threads < 1) {
    opsig::last_error = opsig::formatted("threads must be at least 1, got %d", threads);
    return OPSIG_INVALID_ARGUMENT;
  }
  opsig::wanted_threads() = threads;
  return OPSIG_OK;
}

int32_t opsig_threads(void) { return opsig::wanted_threads(); }

const char* opsig_instruction_set(void) {
#if defined(__AVX512F__)
  return "avx512";
#elif defined(__AVX2__)
  return "avx2";
#else
  return "baseline";
#endif
}

}  // extern "C"
