// Loops over elements with threads only where the work outweighs waking them.
#pragma once

#include <cstdint>

namespace opsig {

// Below this many elements (of a cheap elementwise loop) a parallel region costs more than it saves: about 5 us.
constexpr int64_t kParallelElements = 1 << 15;

}  // namespace opsig
