#include "emulator/stream.h"

#include <utility>

namespace opsig::emulator {

std::atomic<int64_t> Counted::live_{0};

int Stream::catch_up(Stream* stream) {
  while (stream != nullptr && !stream->late_.empty()) {
    const Work work = std::move(stream->late_.front());
    stream->late_.pop_front();
    if (const int status = work(); status != 0) return status;
  }
  return 0;
}

int Stream::enqueue(Stream* stream, Work work) {
  if (captures(stream)) {
    stream->capture->nodes.push_back(std::move(work));
    return 0;
  }
  const int status = catch_up(stream);
  return status != 0 ? status : work();
}

int Stream::put_off(Stream* stream, Work work) {
  if (stream == nullptr || captures(stream)) return enqueue(stream, std::move(work));
  stream->late_.push_back(std::move(work));
  return 0;
}

int Event::record(Stream* stream) {
  wait();
  recorded_ = false;
  stream_ = Stream::captures(stream) ? nullptr : stream;
  return Stream::put_off(stream, [this] {
    time_ = std::chrono::steady_clock::now();
    recorded_ = true;
    stream_ = nullptr;
    return 0;
  });
}

}  // namespace opsig::emulator
