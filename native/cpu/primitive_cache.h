// oneDNN primitives are dear to make (milliseconds, for generated code) and cheap to run: those of recent shapes are
// kept.
#pragma once

#include <omp.h>

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace opsig {

// The values that were used last, by key. A value that is dropped lives on while somebody holds it.
template <class Key, class Value>
class PrimitiveCache {
 public:
  // Primitives divide their work among the threads that there were when they were made, so that number is part of the
  // key: results depend on the number of threads, but never on the numbers before.
  template <class Make>
  std::shared_ptr<const Value> find(const Key& shape, Make make) {
    const std::pair<Key, int> key(shape, omp_get_max_threads());
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto known = places_.find(key);
    if (known != places_.end()) {
      entries_.splice(entries_.begin(), entries_, known->second);
      return entries_.front().second;
    }
    entries_.emplace_front(key, make());
    places_[key] = entries_.begin();
    if (entries_.size() > kCapacity) {
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
    return entries_.front().second;
  }

 private:
  using Entry = std::pair<std::pair<Key, int>, std::shared_ptr<const Value>>;

  // Shapes of a network: layers, by the sizes of a whole and of a ragged micro-batch, by the numbers of vectors at
  // once.
  static constexpr size_t kCapacity = 1024;

  std::mutex mutex_;
  std::list<Entry> entries_;
  std::map<std::pair<Key, int>, typename std::list<Entry>::iterator> places_;
};

}  // namespace opsig
