// Memory that the driver hands out: each allocation a heap block of its own, so that AddressSanitizer stops an access beside it. Without
// the sanitizer, guards around each block are compared after every kernel.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace opsig::emulator {

class Memory {
 public:
  // Of so many bytes.
  explicit Memory(size_t total);
  ~Memory();

  // Null where the device has not enough left. Full of 0xff (NaN).
  void* allocate(size_t bytes);

  // False where nothing begins at `address`.
  bool free(void* address);

  // Whether [address, address + bytes) lies in one allocation.
  bool contains(const void* address, size_t bytes) const;

  // Allocations that are not freed.
  size_t count() const;

  // What was overwritten beside an allocation, in words.
  std::optional<std::string> damage() const;

  size_t total() const { return total_; }
  size_t available() const { return total_ - used_; }

 private:
  mutable std::mutex mutex_;
  std::map<const unsigned char*, size_t> blocks_;
  size_t total_, used_ = 0;
};

}  // namespace opsig::emulator
