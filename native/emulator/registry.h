// The kernels that are compiled into the process, by module and name.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace opsig::emulator {

class Kernel {
 public:
  virtual ~Kernel() = default;

  // Runs one thread; `arguments` holds a pointer to each argument, as cuLaunchKernel takes them.
  virtual void run(void** arguments) const = 0;

  // Bytes of each argument.
  virtual const std::vector<size_t>& argument_sizes() const = 0;

  std::string module, name;
  unsigned max_threads = 0;
  // Dynamic shared memory that a launch may ask for; more than this default is to be allowed first.
  mutable size_t max_dynamic_shared = 48 << 10;
};

void add_kernel(Kernel* kernel);
const std::vector<Kernel*>& all_kernels();
bool module_exists(const std::string& module);

// Null where there is none.
const Kernel* find_kernel(const std::string& module, const std::string& name);

template <class... Arguments>
class TypedKernel final : public Kernel {
 public:
  explicit TypedKernel(void (*function)(Arguments...)) : function_(function), sizes_{sizeof(Arguments)...} {}

  void run(void** arguments) const override { call(arguments, std::index_sequence_for<Arguments...>()); }
  const std::vector<size_t>& argument_sizes() const override { return sizes_; }

 private:
  template <size_t... I>
  void call([[maybe_unused]] void** arguments, std::index_sequence<I...>) const {
    function_(*static_cast<Arguments*>(arguments[I])...);
  }

  void (*function_)(Arguments...);
  std::vector<size_t> sizes_;
};

class KernelRegistration {
 public:
  template <class... Arguments>
  KernelRegistration(const char* module, const char* name, unsigned max_threads, void (*function)(Arguments...))
      : kernel_(new TypedKernel<Arguments...>(function)) {
    kernel_->module = module;
    kernel_->name = name;
    kernel_->max_threads = max_threads;
    add_kernel(kernel_);
  }
  ~KernelRegistration() { delete kernel_; }
  KernelRegistration(const KernelRegistration&) = delete;
  KernelRegistration& operator=(const KernelRegistration&) = delete;

 private:
  Kernel* kernel_;
};

}  // namespace opsig::emulator
