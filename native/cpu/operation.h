// How a source file of this library adds its operations to the table, and how failures become a status.
#pragma once

#include <cstdarg>
#include <stdexcept>
#include <string>

#include "opsig/opsig.h"

namespace opsig {

// Thrown inside the library only; the boundary turns it into OPSIG_INVALID_ARGUMENT.
class InvalidArgument : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A C string made as printf would.
std::string formatted(const char* format, ...) __attribute__((format(printf, 1, 2)));

// Throws InvalidArgument with the given text unless `holds`.
inline void require(bool holds, const char* what) {
  if (!holds) throw InvalidArgument(what);
}

// Runs `body` and converts every exception to a status and a thread-local message.
opsig_status guarded(const char* operation, void (*body)(const void*), const void* arguments) noexcept;

// Registers an operation when the library is loaded.
class Registration {
 public:
  Registration(const char* name, opsig_status (*run)(const void*), size_t argument_size);

 private:
  opsig_operation entry_;
};

// Calls body.template operator()<T>() with the C++ type of `precision`.
template <class Body>
void with_precision(int32_t precision, Body&& body) {
  switch (precision) {
    case OPSIG_FLOAT32:
      body(float{});
      return;
    case OPSIG_FLOAT64:
      body(double{});
      return;
    default:
      throw InvalidArgument(formatted("unknown precision %d", precision));
  }
}

}  // namespace opsig

// Defines and registers the operation NAME with arguments of type ARGUMENTS; the body follows:
//   OPSIG_OPERATION(add, opsig_add_arguments) { ... uses `arguments` ... }
#define OPSIG_OPERATION(NAME, ARGUMENTS)                                                      \
  static void NAME##_body(const ARGUMENTS& arguments);                                        \
  static opsig_status NAME##_run(const void* raw) {                                           \
    return opsig::guarded(                                                                    \
        #NAME, [](const void* a) { NAME##_body(*static_cast<const ARGUMENTS*>(a)); }, raw);   \
  }                                                                                           \
  static const opsig::Registration NAME##_registration(#NAME, NAME##_run, sizeof(ARGUMENTS)); \
  static void NAME##_body(const ARGUMENTS& arguments)
