// A block of threads on the host. Each thread is a fiber that runs until it ends or waits: at the block's barrier, or
// for the other lanes of its warp. The schedule decides who goes first, so that a race between threads shows as
// differing results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <stdexcept>
#include <string>

namespace opsig::emulator {

constexpr int kWarpSize = 32;

struct Extent {
  unsigned x, y, z;
};

// A kernel did what no kernel may do.
class KernelFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What a GPU leaves open. In which order the runnable threads of a block take turns: a random order is drawn anew for
// every turn, which about half of the warps miss, so that some run ahead of others. And when a copy to shared memory lands,
// or a product of what lies there is done, between its start and the wait for it: as late as it can (forward), at once
// (reverse), or the one or the other by chance.
struct Schedule {
  enum class Order { kForward, kReverse, kRandom } order = Order::kForward;
  uint64_t seed = 0;

  // What this host thread was told (follow), else OPSIG_EMULATED_SCHEDULE: forward (the default), reverse, random:SEED.
  static Schedule current();

  // Sets the schedule of what this host thread launches; null leaves it to the environment again.
  static void follow(const char* text);
};

// Runs every block of a grid, throwing KernelFault for the first that misbehaves. `run` is called once per thread.
class Kernel;
void run_grid(const Kernel& kernel, void** arguments, Extent grid, Extent block, size_t dynamic_shared,
              const Schedule& schedule);

// ------------------------------------------------------------------------------------------ called by the running
// thread

// The thread that runs on this host thread just now, and where it is.
struct Position {
  Extent thread, block, block_extent, grid_extent;
  int lane;
};
extern thread_local Position position;

// Waits for every thread of the block, all of them at the same place of the source.
void block_barrier(std::source_location place);

// What the lanes of a warp have handed in; valid until the thread's next exchange.
struct Exchange {
  static constexpr size_t kBytes = 192;
  using Slot = unsigned char[kBytes];
  const Slot* slots;

  template <class T>
  T of(int lane) const {
    T value;
    std::memcpy(&value, slots[lane], sizeof value);
    return value;
  }
};

// What a warp does together: called once with the slots of its lanes, all of which have handed in, before any goes on.
using WarpWork = void (*)(Exchange::Slot* slots);

// Hands in `size` bytes and waits for the whole warp at the same place. Part of a warp is not supported: `mask` must be
// full.
Exchange warp_exchange(unsigned mask, const void* data, size_t size, std::source_location place,
                       WarpWork work = nullptr);

// Memory of the block, one piece per `place`, full of 0xff (NaN) at first.
void* shared_memory(const void* place, size_t size);
// The memory that the launch asked for, which must be `size` bytes.
void* dynamic_shared_memory(size_t size);

// Copies that land when they are waited for or before, as the schedule says: under some schedule a kernel that forgets to
// wait reads what was there, and one that copies over what others still read loses it. A group are those between two
// commits; wait_for_copies leaves the `pending` latest groups under way.
void start_copy(void* to, const void* from, size_t bytes);
void commit_copies();
void wait_for_copies(size_t pending);
void finish_copies();

// Words that a warpgroup's products read: they land when their thread publishes them, so that products of a kernel that
// forgets to find what was there.
void put_shared(void* to, const void* words, size_t bytes);
void publish_shared();

// A product of matrices in shared memory, of this thread's part. It is done when it is waited for or before, as the
// schedule says: sums that are read too early are old ones, and operands that are written over too early are lost.
using SharedProduct = void (*)(float* sums, uint64_t a, uint64_t b);
void start_product(SharedProduct product, float* sums, uint64_t a, uint64_t b);
void commit_products();
void wait_for_products(size_t pending);
// The whole warp has to meet here before its first product and after every wait.
void order_registers(std::source_location place);

// Where a place of the dynamic shared memory lies in it; and what lies there, all of it inside.
uint64_t shared_address(const void* shared);
const unsigned char* shared_at(uint64_t address, size_t bytes);

}  // namespace opsig::emulator
