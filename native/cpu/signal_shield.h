// Keeps signals out of oneDNN's generated code.
//
// Its float32 products (oneDNN 2.6, AVX2 and AVX-512 alike) keep data below the stack pointer, beyond the 128 bytes
// that the
// System V ABI protects. The frame of a signal handler overwrites them; pointers are among them, and the heap is next.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <initializer_list>

namespace opsig {

// For its lifetime asynchronous signals wait: they reach another thread of the process, or this one afterwards. Signals
// that a fault of this thread raises still come. Threads that are started meanwhile, those of OpenMP's pool, keep the
// mask for good.
class SignalShield {
 public:
  SignalShield() {
    sigset_t asynchronous;
    sigfillset(&asynchronous);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&asynchronous, fault);
    pthread_sigmask(SIG_BLOCK, &asynchronous, &before_);
  }
  ~SignalShield() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalShield(const SignalShield&) = delete;
  SignalShield& operator=(const SignalShield&) = delete;

 private:
  sigset_t before_;
};

}  // namespace opsig
