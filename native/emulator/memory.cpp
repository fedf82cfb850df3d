#include "emulator/memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace opsig::emulator {
namespace {

constexpr size_t kAlignment = 256;
constexpr unsigned char kGuardByte = 0x5a;
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kGuard = 0;
#else
constexpr size_t kGuard = kAlignment;
#endif

bool intact(const unsigned char* guard) {
  return std::all_of(guard, guard + kGuard, [](unsigned char byte) { return byte == kGuardByte; });
}

}  // namespace

Memory::Memory(size_t total) : total_(total) {}

Memory::~Memory() {
  for (const auto& [address, bytes] : blocks_) std::free(const_cast<unsigned char*>(address) - kGuard);
}

void* Memory::allocate(size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (bytes > total_ - used_) return nullptr;
  void* memory = nullptr;
  if (posix_memalign(&memory, kAlignment, bytes + 2 * kGuard) != 0) return nullptr;
  unsigned char* block = static_cast<unsigned char*>(memory);
  std::memset(block, kGuardByte, kGuard);
  std::memset(block + kGuard, 0xff, bytes);
  std::memset(block + kGuard + bytes, kGuardByte, kGuard);
  blocks_[block + kGuard] = bytes;
  used_ += bytes;
  return block + kGuard;
}

bool Memory::free(void* address) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = blocks_.find(static_cast<unsigned char*>(address));
  if (found == blocks_.end()) return false;
  used_ -= found->second;
  std::free(const_cast<unsigned char*>(found->first) - kGuard);
  blocks_.erase(found);
  return true;
}

bool Memory::contains(const void* address, size_t bytes) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const unsigned char* first = static_cast<const unsigned char*>(address);
  auto after = blocks_.upper_bound(first);
  if (after == blocks_.begin()) return false;
  --after;
  return first + bytes <= after->first + after->second;
}

size_t Memory::count() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return blocks_.size();
}

std::optional<std::string> Memory::damage() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [address, bytes] : blocks_)
    if (!intact(address - kGuard) || !intact(address + bytes))
      return "wrote beside an allocation of " + std::to_string(bytes) + " bytes";
  return std::nullopt;
}

}  // namespace opsig::emulator
