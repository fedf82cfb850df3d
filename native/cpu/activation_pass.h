// The pass of an activation that an operation goes on with.
#pragma once

#include "opsig/activation.h"

namespace opsig {

// Runs the pass that `then` names, if any, over what the operation has written. `accumulates` is whether that was added
// to what had been there, which an operation that goes on must not do.
void go_on(const opsig_activation_arguments& then, bool accumulates);

}  // namespace opsig
