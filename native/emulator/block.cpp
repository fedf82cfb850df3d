#include "emulator/block.h"

#include <boost/context/detail/fcontext.hpp>
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <memory>
#include <numeric>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

#include "emulator/registry.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace opsig::emulator {
namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

// Kernels keep at most a few hundred bytes of locals; AddressSanitizer pads them, and its reports need room.
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kStackBytes = 256 << 10;
#else
constexpr size_t kStackBytes = 64 << 10;
#endif

enum class State { kRunnable, kAtBarrier, kInExchange, kDone };

struct Copy {
  void* to;
  const void* from;
  size_t bytes;
};

struct Thread {
  Extent index{};
  int number = 0;
  State state = State::kRunnable;
  std::source_location place;
  fcontext_t context = nullptr;
  unsigned char* stack = nullptr;
  unsigned parity = 0;
  void* fake_stack = nullptr;
  std::vector<Copy> copies;
  std::vector<size_t> groups;  // where each group of copies ends
};

// Stacks are kept: those of threads that never wait are used again by the next thread, so that a kernel without
// barriers runs on one.
class StackPool {
 public:
  unsigned char* take() {
    if (free_.empty()) {
      all_.push_back(std::make_unique<unsigned char[]>(kStackBytes));
      free_.push_back(all_.back().get());
    }
    unsigned char* stack = free_.back();
    free_.pop_back();
#if defined(__SANITIZE_ADDRESS__)
    // Frames that were left for good still have their guards there.
    __asan_unpoison_memory_region(stack, kStackBytes);
#endif
    return stack;
  }
  void give_back(unsigned char* stack) { free_.push_back(stack); }

 private:
  std::vector<std::unique_ptr<unsigned char[]>> all_;
  std::vector<unsigned char*> free_;
};

struct SharedPiece {
  std::unique_ptr<unsigned char[], decltype(&std::free)> memory{nullptr, &std::free};
  size_t size = 0;
};

SharedPiece poisoned(size_t size) {
  // Exactly as large as asked for, so that AddressSanitizer guards its end.
  void* memory = nullptr;
  if (posix_memalign(&memory, 128, size) != 0) throw std::bad_alloc();
  std::memset(memory, 0xff, size);
  SharedPiece piece;
  piece.memory.reset(static_cast<unsigned char*>(memory));
  piece.size = size;
  return piece;
}

std::string described(std::source_location place) {
  const std::string path = place.file_name();
  return path.substr(path.rfind('/') + 1) + ":" + std::to_string(place.line());
}

bool same_place(const std::source_location& a, const std::source_location& b) {
  return a.line() == b.line() && a.column() == b.column() && std::strcmp(a.file_name(), b.file_name()) == 0;
}

class Block {
 public:
  Block(const Kernel& kernel, void** arguments, Extent grid, Extent extent, size_t dynamic_shared,
        const Schedule& schedule)
      : kernel_(kernel),
        arguments_(arguments),
        grid_(grid),
        extent_(extent),
        dynamic_bytes_(dynamic_shared),
        schedule_(schedule),
        threads_(static_cast<size_t>(extent.x) * extent.y * extent.z),
        exchanges_(2 * (threads_.size() + kWarpSize)),
        held_back_((threads_.size() + kWarpSize - 1) / kWarpSize),
        random_(schedule.seed) {
    order_.resize(threads_.size());
    std::iota(order_.begin(), order_.end(), 0);
    if (schedule.order == Schedule::Order::kReverse) std::reverse(order_.begin(), order_.end());
  }

  // Threads that wait when a fault ends the grid are left where they are.
  ~Block() {
    for (const Thread& thread : threads_)
      if (thread.stack != nullptr) stacks().give_back(thread.stack);
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  void run(Extent index) {
    position.block = index_ = index;
    shared_.clear();
    dynamic_shared_ = dynamic_bytes_ > 0 ? poisoned(dynamic_bytes_) : SharedPiece();
    int number = 0;
    for (Thread& thread : threads_) {
      const unsigned n = static_cast<unsigned>(number);
      thread.index = {n % extent_.x, n / extent_.x % extent_.y, n / extent_.x / extent_.y};
      thread.number = number++;
      thread.state = State::kRunnable;
      thread.context = nullptr;
      thread.parity = 0;
      thread.copies.clear();
      thread.groups.clear();
    }
    for (;;) {
      if (schedule_.order == Schedule::Order::kRandom) {
        std::shuffle(order_.begin(), order_.end(), random_);
        for (size_t warp = 0; warp < held_back_.size(); ++warp) held_back_[warp] = random_() % 2 == 0;
      }
      for (const int t : order_)
        if (Thread& thread = threads_[static_cast<size_t>(t)];
            thread.state == State::kRunnable && !held_back_[static_cast<size_t>(t / kWarpSize)])
          resume(thread);
      if (!release()) return;
    }
  }

  // ---- called on a thread's own stack

  void wait(State state, std::source_location place) {
    Thread& thread = *current_;
    thread.state = state;
    thread.place = place;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&thread.fake_stack, host_stack_, host_stack_size_);
#endif
    host_ = jump_fcontext(host_, nullptr).fctx;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(thread.fake_stack, &host_stack_, &host_stack_size_);
#endif
  }

  Exchange exchange(const void* data, size_t size, std::source_location place) {
    Thread& thread = *current_;
    auto* slots =
        exchanges_.data() + (thread.parity * (threads_.size() + kWarpSize)) + thread.number / kWarpSize * kWarpSize;
    std::memcpy(slots[thread.number % kWarpSize].bytes, data, size);
    thread.parity ^= 1;
    wait(State::kInExchange, place);
    return {reinterpret_cast<const unsigned char(*)[Exchange::kBytes]>(slots)};
  }

  void start_copy(void* to, const void* from, size_t bytes) {
    if (schedule_.order == Schedule::Order::kReverse ||
        (schedule_.order == Schedule::Order::kRandom && random_() % 2 == 0))
      std::memcpy(to, from, bytes);
    else
      current_->copies.push_back({to, from, bytes});
  }

  void commit_copies() { current_->groups.push_back(current_->copies.size()); }

  void wait_for_copies(size_t pending) {
    std::vector<size_t>& groups = current_->groups;
    if (groups.size() <= pending) return;
    const auto over = groups.end() - static_cast<std::ptrdiff_t>(pending);
    const size_t done = *(over - 1);
    copy_first(done);
    groups.erase(groups.begin(), over);
    for (size_t& end : groups) end -= done;
  }

  void finish_copies() {
    copy_first(current_->copies.size());
    current_->groups.clear();
  }

  void* shared(const void* place, size_t size) {
    SharedPiece& piece = shared_[place];
    if (piece.memory == nullptr) piece = poisoned(size);
    return piece.memory.get();
  }

  void* dynamic_shared(size_t size) {
    if (dynamic_bytes_ != size)
      throw KernelFault(kernel_.name + " was launched with " + std::to_string(dynamic_bytes_) +
                        " bytes of shared memory and has " + std::to_string(size));
    return dynamic_shared_.memory.get();
  }

 private:
  struct Slot {
    unsigned char bytes[Exchange::kBytes];
  };

  void copy_first(size_t count) {
    std::vector<Copy>& copies = current_->copies;
    const auto end = copies.begin() + static_cast<std::ptrdiff_t>(count);
    for (auto copy = copies.begin(); copy != end; ++copy) std::memcpy(copy->to, copy->from, copy->bytes);
    copies.erase(copies.begin(), end);
  }

  static StackPool& stacks() {
    thread_local StackPool pool;
    return pool;
  }

  static void enter(transfer_t from) {
    Block& block = *static_cast<Block*>(from.data);
    block.host_ = from.fctx;
    Thread& thread = *block.current_;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &block.host_stack_, &block.host_stack_size_);
#endif
    try {
      block.kernel_.run(block.arguments_);
    } catch (...) {
      // Nothing may unwind out of a fiber; the host's side throws it on.
      block.failure_ = std::current_exception();
    }
    thread.state = State::kDone;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(nullptr, block.host_stack_, block.host_stack_size_);
#endif
    jump_fcontext(block.host_, nullptr);
  }

  void resume(Thread& thread) {
    if (thread.context == nullptr) {
      thread.stack = stacks().take();
      thread.context = make_fcontext(thread.stack + kStackBytes, kStackBytes, &Block::enter);
    }
    current_ = &thread;
    position.thread = thread.index;
    position.lane = thread.number % kWarpSize;
#if defined(__SANITIZE_ADDRESS__)
    void* fake_stack = nullptr;
    __sanitizer_start_switch_fiber(&fake_stack, thread.stack, kStackBytes);
#endif
    thread.context = jump_fcontext(thread.context, this).fctx;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
    if (thread.state == State::kDone) stacks().give_back(std::exchange(thread.stack, nullptr));
    if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

  // After every runnable thread of the warps that are not held back has had its turn: lets those go whose wait is over.
  // False when all have ended.
  bool release() {
    size_t done = 0, at_barrier = 0;
    bool any = false;
    for (size_t first = 0; first < threads_.size(); first += kWarpSize) {
      const size_t last = std::min(threads_.size(), first + kWarpSize);
      size_t in_exchange = 0;
      any = any || threads_[first].state == State::kRunnable;
      for (size_t t = first; t < last; ++t) {
        done += threads_[t].state == State::kDone;
        at_barrier += threads_[t].state == State::kAtBarrier;
        in_exchange += threads_[t].state == State::kInExchange;
      }
      if (in_exchange == last - first) {
        require_same_place(first, last, "a warp's exchange");
        for (size_t t = first; t < last; ++t) threads_[t].state = State::kRunnable;
        any = true;
      } else if (in_exchange > 0) {
        throw fault("divergence at a warp's exchange: some lanes never arrive", first, last);
      }
    }
    if (done == threads_.size()) return false;
    if (at_barrier == threads_.size()) {
      require_same_place(0, threads_.size(), "__syncthreads");
      for (Thread& thread : threads_) thread.state = State::kRunnable;
      any = true;
    }
    if (!any) throw fault("divergence at __syncthreads: some threads never arrive", 0, threads_.size());
    return true;
  }

  void require_same_place(size_t first, size_t last, const char* what) const {
    for (size_t t = first + 1; t < last; ++t)
      if (!same_place(threads_[t].place, threads_[first].place))
        throw fault(std::string("divergence: threads meet in different calls of ") + what, first, last);
  }

  KernelFault fault(const std::string& what, size_t first, size_t last) const {
    std::string text = kernel_.name + ", block (" + std::to_string(index_.x) + ", " + std::to_string(index_.y) + ", " +
                       std::to_string(index_.z) + "): " + what + " (";
    for (const State state : {State::kAtBarrier, State::kInExchange, State::kDone}) {
      size_t count = 0;
      std::string where;
      for (size_t t = first; t < last; ++t)
        if (threads_[t].state == state) {
          if (count++ == 0 && state != State::kDone) where = " at " + described(threads_[t].place);
        }
      if (count > 0) text += std::to_string(count) + (state == State::kDone ? " ended" : " wait" + where) + ", ";
    }
    return KernelFault(text.substr(0, text.size() - 2) + ")");
  }

  const Kernel& kernel_;
  void** arguments_;
  Extent index_{}, grid_, extent_;
  size_t dynamic_bytes_;
  Schedule schedule_;
  std::vector<Thread> threads_;
  std::vector<int> order_;
  std::vector<Slot> exchanges_;
  std::unordered_map<const void*, SharedPiece> shared_;
  SharedPiece dynamic_shared_;
  // Warps that have no turn this time, so that they come to lie behind others.
  std::vector<char> held_back_;
  std::mt19937_64 random_;
  std::exception_ptr failure_;
  Thread* current_ = nullptr;
  fcontext_t host_ = nullptr;
  [[maybe_unused]] const void* host_stack_ = nullptr;
  [[maybe_unused]] size_t host_stack_size_ = 0;
};

thread_local Block* running = nullptr;
thread_local std::string followed;

}  // namespace

thread_local Position position;

void Schedule::follow(const char* text) { followed = text == nullptr ? "" : text; }

Schedule Schedule::current() {
  const char* text = followed.empty() ? std::getenv("OPSIG_EMULATED_SCHEDULE") : followed.c_str();
  const std::string wanted = text == nullptr ? "forward" : text;
  if (wanted == "reverse") return {Order::kReverse, 0};
  if (wanted.rfind("random:", 0) == 0) return {Order::kRandom, std::strtoull(wanted.c_str() + 7, nullptr, 10)};
  if (wanted != "forward" && !wanted.empty())
    throw KernelFault("there is no schedule '" + wanted + "'; known: forward, reverse, random:SEED");
  return {};
}

void run_grid(const Kernel& kernel, void** arguments, Extent grid, Extent extent, size_t dynamic_shared,
              const Schedule& schedule) {
  Block block(kernel, arguments, grid, extent, dynamic_shared, schedule);
  position.block_extent = extent;
  position.grid_extent = grid;
  // Blocks may run in any order; the reverse schedule reverses them too.
  const uint64_t blocks = static_cast<uint64_t>(grid.x) * grid.y * grid.z;
  running = &block;
  try {
    for (uint64_t i = 0; i < blocks; ++i) {
      const uint64_t b = schedule.order == Schedule::Order::kReverse ? blocks - 1 - i : i;
      block.run({static_cast<unsigned>(b % grid.x), static_cast<unsigned>(b / grid.x % grid.y),
                 static_cast<unsigned>(b / grid.x / grid.y)});
    }
  } catch (...) {
    running = nullptr;
    throw;
  }
  running = nullptr;
}

void block_barrier(std::source_location place) { running->wait(State::kAtBarrier, place); }

Exchange warp_exchange(unsigned mask, const void* data, size_t size, std::source_location place) {
  if (mask != 0xffffffffu) throw KernelFault("the emulated driver exchanges values among whole warps only");
  return running->exchange(data, size, place);
}

void start_copy(void* to, const void* from, size_t bytes) { running->start_copy(to, from, bytes); }
void commit_copies() { running->commit_copies(); }
void wait_for_copies(size_t pending) { running->wait_for_copies(pending); }
void finish_copies() { running->finish_copies(); }
void* shared_memory(const void* place, size_t size) { return running->shared(place, size); }
void* dynamic_shared_memory(size_t size) { return running->dynamic_shared(size); }

}  // namespace opsig::emulator
