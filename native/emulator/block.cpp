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

#include "emulator/pending.h"
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

// Kernels keep at most a few hundred bytes of locals; AddressSanitizer pads them, and its reports need room. No power
// of two: the tops of all stacks would share a few sets of the caches.
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kStackBytes = (256 << 10) + 1088;
#else
constexpr size_t kStackBytes = (64 << 10) + 1088;
#endif

enum class State { kRunnable, kAtBarrier, kInExchange, kDone };

struct Copy {
  void* to;
  const void* from;
  size_t bytes;
  void run() const { std::memcpy(to, from, bytes); }
};

// Words on their way to shared memory.
struct Words {
  static constexpr size_t kMost = 16;
  void* to;
  unsigned char at[kMost];
  size_t bytes;
  void run() const { std::memcpy(to, at, bytes); }
};

struct Product {
  SharedProduct product;
  float* sums;
  uint64_t a, b;
  void run() const { product(sums, a, b); }
};

struct Thread {
  Extent index{};
  int number = 0;
  State state = State::kRunnable;
  std::source_location place;
  WarpWork work = nullptr;
  fcontext_t context = nullptr;
  unsigned char* stack = nullptr;
  unsigned parity = 0;
  void* fake_stack = nullptr;
  Pending<Copy> copies;
  Pending<Words> words;
  Pending<Product> products;
  bool registers_ordered = false;
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
    return stack;
  }

  void give_back(unsigned char* stack) { free_.push_back(stack); }

  // Of a thread that is left where it waits.
  void give_back_unfinished(unsigned char* stack) {
#if defined(__SANITIZE_ADDRESS__)
    // Its frames' guards would stand in the way of the next thread's.
    __asan_unpoison_memory_region(stack, kStackBytes);
#endif
    give_back(stack);
  }

 private:
  std::vector<std::unique_ptr<unsigned char[]>> all_;
  std::vector<unsigned char*> free_;
};

struct SharedPiece {
  std::unique_ptr<unsigned char[], decltype(&std::free)> memory{nullptr, &std::free};
  size_t size = 0;
};

SharedPiece poisoned(size_t size) {
  // Exactly as large as asked for, so that AddressSanitizer guards its end. Aligned as OPSIG_DYNAMIC_SHARED says.
  void* memory = nullptr;
  if (posix_memalign(&memory, 1024, size) != 0) throw std::bad_alloc();
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
  return a.line() == b.line() && a.column() == b.column() &&
         (a.file_name() == b.file_name() || std::strcmp(a.file_name(), b.file_name()) == 0);
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
        held_back_((threads_.size() + kWarpSize - 1) / kWarpSize),
        exchanges_(new Exchange::Slot[2 * kWarpSize * held_back_.size()]),
        random_(schedule.seed) {
    order_.resize(threads_.size());
    std::iota(order_.begin(), order_.end(), 0);
    if (schedule.order == Schedule::Order::kReverse) std::reverse(order_.begin(), order_.end());
  }

  // Threads that wait when a fault ends the grid are left where they are.
  ~Block() {
    for (const Thread& thread : threads_)
      if (thread.stack != nullptr) stacks().give_back_unfinished(thread.stack);
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
      thread.words.clear();
      thread.products.clear();
      thread.registers_ordered = false;
    }
    for (;;) {
      if (schedule_.order == Schedule::Order::kRandom) {
        std::shuffle(order_.begin(), order_.end(), random_);
        for (size_t warp = 0; warp < held_back_.size(); ++warp) held_back_[warp] = random_() % 2 == 0;
      }
      turn_ = 0;
      while (Thread* thread = next_in_turn()) resume(*thread);
      if (!release()) return;
    }
  }

  // ---- called on a thread's own stack

  // Hands over to the next thread of this turn, and comes back when it is this one's turn again.
  void wait(State state, std::source_location place) {
    Thread& thread = *current_;
    thread.state = state;
    thread.place = place;
    Thread* next = next_in_turn();
    if (next != nullptr) make_current(*next);
#if defined(__SANITIZE_ADDRESS__)
    if (next != nullptr)
      __sanitizer_start_switch_fiber(&thread.fake_stack, next->stack, kStackBytes);
    else
      __sanitizer_start_switch_fiber(&thread.fake_stack, host_stack_, host_stack_size_);
#endif
    keep_context(jump_fcontext(next != nullptr ? next->context : host_, &thread.context));
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(thread.fake_stack, nullptr, nullptr);
#endif
  }

  Exchange exchange(const void* data, size_t size, std::source_location place, WarpWork work) {
    Thread& thread = *current_;
    Exchange::Slot* slots = slots_of(thread);
    if (size > 0) std::memcpy(slots[thread.number % kWarpSize], data, size);
    thread.work = work;
    wait(State::kInExchange, place);
    thread.parity ^= 1;
    return {slots};
  }

  void start_copy(void* to, const void* from, size_t bytes) {
    if (at_once())
      std::memcpy(to, from, bytes);
    else
      current_->copies.start({to, from, bytes});
  }

  void put_shared(void* to, const void* words, size_t bytes) {
    Words put{to, {}, bytes};
    std::memcpy(put.at, words, bytes);
    current_->words.start(put);
  }

  void start_product(const Product& product) {
    if (!current_->registers_ordered)
      throw KernelFault(kernel_.name + " starts a product without wgmma.fence, which orders its registers");
    Pending<Product>& products = current_->products;
    products.start(product);
    // Sums are added to in the order in which their products were started.
    if (at_once()) products.finish();
  }

  void wait_for_products(size_t pending) {
    current_->products.wait(pending);
    current_->registers_ordered = false;
  }

  void order_registers(std::source_location place) {
    exchange(nullptr, 0, place, nullptr);
    current_->registers_ordered = true;
  }

  uint64_t shared_address(const void* shared) const {
    return static_cast<uint64_t>(static_cast<const unsigned char*>(shared) - dynamic_shared_.memory.get());
  }

  const unsigned char* shared_at(uint64_t address, size_t bytes) const {
    if (address + bytes > dynamic_bytes_)
      throw KernelFault(kernel_.name + " multiplies what lies beyond its shared memory, at byte " +
                        std::to_string(address));
    return dynamic_shared_.memory.get() + address;
  }

  Thread& current() { return *current_; }

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
  // Where a thread's warp exchanges: one of two places in turn, since a lane may go on before others have read.
  Exchange::Slot* slots_of(const Thread& thread) {
    const size_t warp = static_cast<size_t>(thread.number / kWarpSize);
    return exchanges_.get() + ((2 * warp) + thread.parity) * kWarpSize;
  }

  // Whether what is started now is done now.
  bool at_once() {
    return schedule_.order == Schedule::Order::kReverse ||
           (schedule_.order == Schedule::Order::kRandom && random_() % 2 == 0);
  }

  static StackPool& stacks() {
    thread_local StackPool pool;
    return pool;
  }

  // Of who jumped here: what a jump passes is where its own context is to be kept.
  static void keep_context(transfer_t from) { *static_cast<fcontext_t*>(from.data) = from.fctx; }

  static void enter(transfer_t from);

  // The next thread that may run before it is asked again who waits for whom; null where all have had their turn.
  Thread* next_in_turn() {
    while (turn_ < order_.size()) {
      const size_t t = static_cast<size_t>(order_[turn_++]);
      if (threads_[t].state == State::kRunnable && !held_back_[t / kWarpSize]) return &threads_[t];
    }
    return nullptr;
  }

  void make_current(Thread& thread) {
    if (thread.context == nullptr) {
      thread.stack = stacks().take();
      thread.context = make_fcontext(thread.stack + kStackBytes, kStackBytes, &Block::enter);
    }
    current_ = &thread;
    position.thread = thread.index;
    position.lane = thread.number % kWarpSize;
  }

  // Runs a thread and those that it hands over to, until one ends or none is left.
  void resume(Thread& thread) {
    make_current(thread);
#if defined(__SANITIZE_ADDRESS__)
    void* fake_stack = nullptr;
    __sanitizer_start_switch_fiber(&fake_stack, thread.stack, kStackBytes);
#endif
    keep_context(jump_fcontext(thread.context, &host_));
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
    if (current_->state == State::kDone) stacks().give_back(std::exchange(current_->stack, nullptr));
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
        if (threads_[first].work != nullptr) threads_[first].work(slots_of(threads_[first]));
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
  size_t turn_ = 0;
  std::unordered_map<const void*, SharedPiece> shared_;
  SharedPiece dynamic_shared_;
  // Warps that have no turn this time, so that they come to lie behind others.
  std::vector<char> held_back_;
  std::unique_ptr<Exchange::Slot[]> exchanges_;
  std::mt19937_64 random_;
  std::exception_ptr failure_;
  Thread* current_ = nullptr;
  fcontext_t host_ = nullptr;
  [[maybe_unused]] const void* host_stack_ = nullptr;
  [[maybe_unused]] size_t host_stack_size_ = 0;
};

thread_local Block* running = nullptr;
thread_local std::string followed;

// The first thread of a grid is entered from the host, whose stack is thereby known.
void Block::enter(transfer_t from) {
  keep_context(from);
  Block& block = *running;
#if defined(__SANITIZE_ADDRESS__)
  if (block.host_stack_ == nullptr)
    __sanitizer_finish_switch_fiber(nullptr, &block.host_stack_, &block.host_stack_size_);
  else
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
  try {
    block.kernel_.run(block.arguments_);
    if (!block.current_->products.empty())
      throw KernelFault(block.kernel_.name + ": a thread ends with products under way");
  } catch (...) {
    // Nothing may unwind out of a fiber; the host's side throws it on.
    block.failure_ = std::current_exception();
  }
  Thread& thread = *block.current_;
  thread.state = State::kDone;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(nullptr, block.host_stack_, block.host_stack_size_);
#endif
  jump_fcontext(block.host_, &thread.context);
}

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

Exchange warp_exchange(unsigned mask, const void* data, size_t size, std::source_location place, WarpWork work) {
  if (mask != 0xffffffffu) throw KernelFault("the emulated driver exchanges values among whole warps only");
  return running->exchange(data, size, place, work);
}

void start_copy(void* to, const void* from, size_t bytes) { running->start_copy(to, from, bytes); }
void commit_copies() { running->current().copies.commit(); }
void wait_for_copies(size_t pending) { running->current().copies.wait(pending); }
void finish_copies() { running->current().copies.finish(); }
void put_shared(void* to, const void* words, size_t bytes) { running->put_shared(to, words, bytes); }
void publish_shared() { running->current().words.finish(); }
void start_product(SharedProduct product, float* sums, uint64_t a, uint64_t b) {
  running->start_product({product, sums, a, b});
}
void commit_products() { running->current().products.commit(); }
void wait_for_products(size_t pending) { running->wait_for_products(pending); }
void order_registers(std::source_location place) { running->order_registers(place); }
uint64_t shared_address(const void* shared) { return running->shared_address(shared); }
const unsigned char* shared_at(uint64_t address, size_t bytes) { return running->shared_at(address, bytes); }
void* shared_memory(const void* place, size_t size) { return running->shared(place, size); }
void* dynamic_shared_memory(size_t size) { return running->dynamic_shared(size); }

}  // namespace opsig::emulator
