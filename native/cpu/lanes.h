// One vector register of the instruction set that this build of the library is for.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace opsig {

#if defined(__AVX512F__)
constexpr int64_t kRegisterBytes = 64;
#else
constexpr int64_t kRegisterBytes = 32;
#endif

// Elements of a register.
template <class T>
constexpr int64_t kRegisterLanes = kRegisterBytes / static_cast<int64_t>(sizeof(T));

template <class T>
using Lanes __attribute__((vector_size(kRegisterBytes))) = T;

template <class T>
Lanes<T> load(const T* from) {
  Lanes<T> value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// The register's type is not deduced through its alias.
template <class Register, class T>
void store(const Register& value, T* to) {
  static_assert(std::is_same_v<Register, Lanes<T>>);
  std::memcpy(to, &value, sizeof value);
}

}  // namespace opsig
