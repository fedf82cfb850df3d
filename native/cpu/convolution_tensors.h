// Extents and operands of a convolution's arguments, for all the ways to compute it.
#pragma once

#include <cstdint>

#include "opsig/convolution.h"

namespace opsig {

inline int64_t image_size(const opsig_convolution_shape& s) { return s.samples * s.height * s.width * s.channels; }
inline int64_t out_size(const opsig_convolution_shape& s) {
  return s.samples * s.out_height * s.out_width * s.out_channels;
}

// The vector-th of the tensors, or null where there is none.
template <class T>
T* of(const opsig_vectors& tensor, int64_t vector) {
  return tensor.data == nullptr ? nullptr : static_cast<T*>(tensor.data) + vector * tensor.vector_stride;
}

}  // namespace opsig
