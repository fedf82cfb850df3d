// The process's oneDNN engine and stream, and errors of oneDNN's C++ interface as ours.
#pragma once

#include <dnnl.hpp>
#include <unordered_map>

namespace opsig {

inline const dnnl::engine& onednn_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

inline dnnl::stream& onednn_stream() {
  thread_local dnnl::stream stream(onednn_engine());
  return stream;
}

// Attributes of a primitive that several threads may run, at the same time too. Its scratchpad must then be the
// caller's: the library's own belongs to the primitive or to the thread that made it, depending on how oneDNN was
// built, and two runs that share it disturb each other. Weight gradients of convolutions keep a barrier there, and
// hang.
inline dnnl::primitive_attr shareable() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

// The same, adding to the destination instead of overwriting it.
inline dnnl::primitive_attr shareable_sum() {
  dnnl::primitive_attr attributes = shareable();
  dnnl::post_ops sum;
  sum.append_sum(1.0f);
  attributes.set_post_ops(sum);
  return attributes;
}

// Runs a primitive made with `shareable` attributes in scratch memory of the calling thread, and waits for it.
inline void run_primitive(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad,
                          std::unordered_map<int, dnnl::memory> arguments) {
  // dnnl allocates 64-byte aligned memory itself when it is given none to use.
  thread_local dnnl::memory kept;
  if (scratchpad.get_size() > 0) {
    if (!kept || kept.get_desc().get_size() < scratchpad.get_size()) kept = dnnl::memory(scratchpad, onednn_engine());
    arguments.emplace(DNNL_ARG_SCRATCHPAD, dnnl::memory(scratchpad, onednn_engine(), kept.get_data_handle()));
  }
  primitive.execute(onednn_stream(), arguments);
  onednn_stream().wait();
}

}  // namespace opsig
