// The process's oneDNN engine and stream, and errors of oneDNN's C++ interface as ours.
#pragma once

#include <dnnl.hpp>

namespace opsig {

inline const dnnl::engine& onednn_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

inline dnnl::stream& onednn_stream() {
  thread_local dnnl::stream stream(onednn_engine());
  return stream;
}

}  // namespace opsig
