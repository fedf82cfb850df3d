// What the stand-ins for NVIDIA's libraries share. OPSIG_STAND_IN_FAULT=NAME makes the entry point NAME do nothing
// and return a failure, NAME@N from its Nth call on; OPSIG_STAND_IN_FAULT=wrong makes results wrong by a hundredth.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>

#define STAND_IN_EXPORT extern "C" __attribute__((visibility("default")))

// Says that the library works on the emulated driver's memory.
STAND_IN_EXPORT const int opsig_stand_in = 1;

namespace stand_in {

inline bool fault(const char* name) {
  const char* wanted = std::getenv("OPSIG_STAND_IN_FAULT");
  const size_t length = std::strlen(name);
  if (wanted == nullptr || std::strncmp(wanted, name, length) != 0) return false;
  static int calls = 0;
  return wanted[length] == '\0' || (wanted[length] == '@' && ++calls >= std::atoi(wanted + length + 1));
}

inline double result(double value) { return fault("wrong") ? value * 1.01 : value; }

// What a handle or descriptor points to has to be told from another's.
struct Object {
  uint32_t kind;
};

inline bool is(const void* object, uint32_t kind) {
  return object != nullptr && static_cast<const Object*>(object)->kind == kind;
}

}  // namespace stand_in
