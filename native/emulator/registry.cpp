#include "emulator/registry.h"

#include <algorithm>

namespace opsig::emulator {
namespace {

std::vector<Kernel*>& kernels() {
  static std::vector<Kernel*> all;
  return all;
}

}  // namespace

void add_kernel(Kernel* kernel) { kernels().push_back(kernel); }

const std::vector<Kernel*>& all_kernels() { return kernels(); }

bool module_exists(const std::string& module) {
  return std::any_of(kernels().begin(), kernels().end(), [&](const Kernel* k) { return k->module == module; });
}

const Kernel* find_kernel(const std::string& module, const std::string& name) {
  for (const Kernel* kernel : kernels())
    if (kernel->module == module && kernel->name == name) return kernel;
  return nullptr;
}

}  // namespace opsig::emulator
