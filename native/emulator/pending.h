// What a thread has started and a GPU does later, in groups that it waits for.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace opsig::emulator {

template <class Work>
class Pending {
 public:
  void start(Work work) { works_.push_back(std::move(work)); }
  void commit() { groups_.push_back(works_.size()); }
  bool empty() const { return works_.empty(); }

  // Does all groups but the `pending` latest.
  void wait(size_t pending) {
    if (groups_.size() <= pending) return;
    const auto over = groups_.end() - static_cast<std::ptrdiff_t>(pending);
    const size_t done = *(over - 1);
    do_first(done);
    groups_.erase(groups_.begin(), over);
    for (size_t& end : groups_) end -= done;
  }

  // Does everything, whether its group has ended or not.
  void finish() {
    do_first(works_.size());
    for (size_t& end : groups_) end = 0;
  }

  void clear() {
    works_.clear();
    groups_.clear();
  }

 private:
  void do_first(size_t count) {
    const auto end = works_.begin() + static_cast<std::ptrdiff_t>(count);
    for (auto work = works_.begin(); work != end; ++work) work->run();
    works_.erase(works_.begin(), end);
  }

  std::vector<Work> works_;
  std::vector<size_t> groups_;  // where each ends
};

}  // namespace opsig::emulator
