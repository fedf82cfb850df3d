// Streams, events and graphs. Work is done when it is enqueued, except for copies to and from page-locked memory and for
// records of events: those are put off, in their order, until other work follows or somebody waits for them, which is as
// late as a GPU may do them. While a stream is captured everything is recorded instead.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace opsig::emulator {

// Returns a CUresult.
using Work = std::function<int()>;

// What was handed out and is not destroyed, so that a test sees what is left behind.
class Counted {
 public:
  Counted() { ++live_; }
  Counted(const Counted&) { ++live_; }
  ~Counted() { --live_; }
  Counted& operator=(const Counted&) = delete;

  static int64_t live() { return live_; }

 private:
  static std::atomic<int64_t> live_;
};

struct Graph : Counted {
  std::vector<Work> nodes;
};

struct Stream : Counted {
  std::unique_ptr<Graph> capture;
  // Something was asked for that cannot be captured: the capture is spoilt until it is ended.
  bool spoilt = false;

  ~Stream() { catch_up(this); }

  // Null is the default stream, which puts off nothing.

  // Does now what was put off.
  static int catch_up(Stream* stream);
  static int enqueue(Stream* stream, Work work);
  static int put_off(Stream* stream, Work work);
  static bool captures(const Stream* stream) { return stream != nullptr && stream->capture != nullptr; }

 private:
  std::deque<Work> late_;
};

class Event : Counted {
 public:
  ~Event() { wait(); }

  int record(Stream* stream);

  // Whether its record is still to be done.
  bool is_pending() const { return stream_ != nullptr; }
  bool is_recorded() const { return recorded_; }
  int wait() { return Stream::catch_up(stream_); }

  float milliseconds_since(const Event& start) const {
    return std::chrono::duration<float, std::milli>(time_ - start.time_).count();
  }

 private:
  std::chrono::steady_clock::time_point time_;
  bool recorded_ = false;
  Stream* stream_ = nullptr;
};

}  // namespace opsig::emulator
