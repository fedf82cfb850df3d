// Signals that arrive in the middle of operations, thousands of times, as Ctrl-C and profilers' timers do once in a
// while.
#include <signal.h>
#include <sys/time.h>

#include <cstring>

#include "opsig/products.h"
#include "support.h"

namespace opsig::test {
namespace {

constexpr int64_t kRows = 60, kDepth = 768, kColumns = 16;
constexpr int kRepeats = 3000;

volatile sig_atomic_t signals = 0;

// Uses the stack, as a handler may.
void handle(int) {
  volatile char frame[4096];
  std::memset(const_cast<char*>(frame), 0xff, sizeof frame);
  signals = signals + 1;
}

// Raises SIGALRM every 50 us of real time while it lives.
class Storm {
 public:
  Storm() {
    struct sigaction action {};
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, &before_);
    const itimerval often{{0, 50}, {0, 50}};
    setitimer(ITIMER_REAL, &often, nullptr);
  }
  ~Storm() {
    const itimerval never{};
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &before_, nullptr);
  }

 private:
  struct sigaction before_;
};

}  // namespace

void test_signals() {
  const Array<float> a = random_array<float>(kRows * kDepth, 1), b = random_array<float>(kColumns * kDepth, 2);
  Array<float> expected(kRows * kColumns), c(kRows * kColumns);
  opsig_product_arguments arguments{};
  arguments.precision = OPSIG_FLOAT32;
  arguments.terms = 1;
  arguments.vectors = 1;
  arguments.rows = kRows;
  arguments.columns = kColumns;
  arguments.depth = kDepth;
  arguments.a[0] = {a.data(), kDepth, 0, 0, 0};
  arguments.b[0] = {b.data(), kDepth, 0, 1, 0};
  arguments.c_leading = kColumns;
  arguments.c = expected.data();
  run("product", arguments);
  arguments.c = c.data();
  const sig_atomic_t before = signals;
  {
    const Storm storm;
    for (int i = 0; i < kRepeats; ++i) {
      run("product", arguments);
      if (std::memcmp(c.data(), expected.data(), static_cast<size_t>(c.size()) * sizeof(float)) != 0) {
        fail("a signal changed a product");
        break;
      }
    }
  }
  if (signals == before) fail("no signal came");
}

}  // namespace opsig::test
