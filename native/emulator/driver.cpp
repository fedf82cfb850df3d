// The entry points of the CUDA driver that the managed binding uses, over kernels compiled for the host. As on a GPU, a
// kernel that misbehaves leaves the device unusable: every later call returns the same error.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "emulator/block.h"
#include "emulator/memory.h"
#include "emulator/registry.h"
#include "emulator/stream.h"

#define CUDA_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using namespace opsig::emulator;

// Values of CUresult.
enum Result {
  kSuccess = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNotInitialized = 3,
  kInvalidDevice = 101,
  kInvalidImage = 200,
  kInvalidContext = 201,
  kInvalidHandle = 400,
  kNotFound = 500,
  kNotReady = 600,
  kIllegalAddress = 700,
  kLaunchOutOfResources = 701,
  kLaunchFailed = 719,
  kLaunchTimeout = 702,
  kIllegalState = 401,
  kCaptureUnsupported = 900,
  kCaptureInvalidated = 901,
};

struct ErrorText {
  int code;
  const char* name;
  const char* text;
};

constexpr ErrorText kErrors[] = {
    {kSuccess, "CUDA_SUCCESS", "no error"},
    {kInvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {kOutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {kNotInitialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {kInvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {kInvalidImage, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {kInvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {kInvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {kNotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {kNotReady, "CUDA_ERROR_NOT_READY", "device not ready"},
    {kIllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {kLaunchOutOfResources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {kLaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {kIllegalState, "CUDA_ERROR_ILLEGAL_STATE", "the operation cannot be performed in the present state"},
    {kCaptureUnsupported, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {kCaptureInvalidated, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
};

struct Context {
  std::atomic<int> references{0};
};

struct Module : Counted {
  explicit Module(std::string of) : name(std::move(of)) {}
  std::string name;
};

// A device of OPSIG_EMULATED_MEMORY bytes, by default 4 GiB.
size_t device_bytes() {
  const char* text = std::getenv("OPSIG_EMULATED_MEMORY");
  const size_t bytes = text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
  return bytes > 0 ? bytes : size_t{4} << 30;
}

// The whole device, and the host's memory that it can copy from by itself. `sticky` is the error that a fault leaves
// behind until the context is gone.
struct Device {
  Memory memory{device_bytes()};
  Memory page_locked{SIZE_MAX};
  Context primary;
  int sticky = kSuccess;
  // Launches until one fails as a GPU that falls off the bus does; negative for never.
  int64_t launches_left = launches_from_environment();

  static int64_t launches_from_environment() {
    const char* text = std::getenv("OPSIG_EMULATED_LAUNCHES");
    return text != nullptr ? std::atoll(text) : -1;
  }
};

bool initialized = false;
thread_local std::vector<Context*> contexts;
thread_local std::string last_fault;
thread_local int64_t waits = 0;

Device& device() {
  static Device the_device;
  return the_device;
}

int ready() {
  if (!initialized) return kNotInitialized;
  if (contexts.empty() || contexts.back() == nullptr) return kInvalidContext;
  return device().sticky;
}

int enqueue(Stream* stream, Work work) {
  const int status = ready();
  return status != kSuccess ? status : Stream::enqueue(stream, std::move(work));
}

// What a stream cannot capture spoils the capture.
int refuse(Stream* stream) {
  stream->spoilt = true;
  return kCaptureUnsupported;
}

int fail_launch(const std::string& text) {
  last_fault = text;
  return device().sticky = kLaunchFailed;
}

int run_kernel(const Kernel* kernel, Extent grid, Extent block, size_t shared, void** arguments) {
  if (device().launches_left >= 0 && device().launches_left-- == 0)
    return fail_launch("the emulated device was told to fail here");
  try {
    run_grid(*kernel, arguments, grid, block, shared, Schedule::current());
  } catch (const KernelFault& fault) {
    return fail_launch(fault.what());
  }
  if (const auto damage = device().memory.damage()) return fail_launch(kernel->name + " " + *damage);
  return kSuccess;
}

// Arguments as they are when a launch is captured.
struct KeptArguments {
  std::vector<std::vector<unsigned char>> values;
  KeptArguments(const Kernel& kernel, void** arguments) {
    for (size_t i = 0; i < kernel.argument_sizes().size(); ++i) {
      const auto* bytes = static_cast<const unsigned char*>(arguments[i]);
      values.emplace_back(bytes, bytes + kernel.argument_sizes()[i]);
    }
  }
};

// `on_host` is null for a copy within the device.
int copy(Stream* stream, const void* from, void* to, size_t bytes, const void* on_host) {
  if (bytes == 0) return ready();
  for (const void* end : {from, const_cast<const void*>(to)})
    if (end != on_host && !device().memory.contains(end, bytes)) return kInvalidValue;
  const auto move = [=] {
    std::memmove(to, from, bytes);
    return static_cast<int>(kSuccess);
  };
  if (on_host == nullptr || !device().page_locked.contains(on_host, bytes)) return enqueue(stream, move);
  if (const int status = ready(); status != kSuccess) return status;
  // Until the copy is done its goal holds nothing that anybody may read, once what comes before it is done.
  if (to == on_host && !Stream::captures(stream)) {
    if (const int late = Stream::catch_up(stream); late != kSuccess) return late;
    std::memset(to, 0xff, bytes);
  }
  return Stream::put_off(stream, [=] {
    return device().page_locked.contains(on_host, bytes) ? move() : device().sticky = kIllegalAddress;
  });
}

void* pointer(uint64_t address) { return reinterpret_cast<void*>(address); }

}  // namespace

// The fault of the last launch that failed on this thread, in words; the driver's own texts say no more than that.
CUDA_EXPORT const char* opsig_emulated_fault() { return last_fault.c_str(); }

// For tests: the device works for so many more launches and is lost at the next.
CUDA_EXPORT void opsig_emulated_lose_device_after(int64_t launches) { device().launches_left = launches; }

// For tests: how often this thread has waited for a stream.
CUDA_EXPORT int64_t opsig_emulated_waits() { return waits; }

// For tests: the schedule of what this thread launches from now on; null for the environment's.
CUDA_EXPORT void opsig_emulated_follow_schedule(const char* schedule) { Schedule::follow(schedule); }

// For tests: the kernel of this number, from 0 on, as MODULE/NAME; null where there is none.
CUDA_EXPORT const char* opsig_emulated_kernel(int number) {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Kernel* kernel : all_kernels()) all.push_back(kernel->module + "/" + kernel->name);
    return all;
  }();
  const size_t n = static_cast<size_t>(number);
  return n < names.size() ? names[n].c_str() : nullptr;
}

CUDA_EXPORT int64_t opsig_emulated_live_objects() {
  return Counted::live() + static_cast<int64_t>(device().page_locked.count());
}

CUDA_EXPORT int cuInit(unsigned) {
  initialized = true;
  return kSuccess;
}

CUDA_EXPORT int cuDriverGetVersion(int* version) {
  const char* text = std::getenv("OPSIG_EMULATED_VERSION");
  *version = text != nullptr ? std::atoi(text) : 12000;
  return kSuccess;
}

CUDA_EXPORT int cuGetErrorName(int error, const char** name) {
  for (const ErrorText& known : kErrors)
    if (known.code == error) return *name = known.name, kSuccess;
  return kInvalidValue;
}

CUDA_EXPORT int cuGetErrorString(int error, const char** text) {
  for (const ErrorText& known : kErrors)
    if (known.code == error) return *text = known.text, kSuccess;
  return kInvalidValue;
}

CUDA_EXPORT int cuDeviceGetCount(int* count) {
  const char* text = std::getenv("OPSIG_EMULATED_DEVICES");
  *count = text != nullptr ? std::atoi(text) : 1;
  return kSuccess;
}

CUDA_EXPORT int cuDeviceGet(int* handle, int ordinal) {
  int count = 0;
  cuDeviceGetCount(&count);
  if (ordinal < 0 || ordinal >= count) return kInvalidDevice;
  *handle = ordinal;
  return kSuccess;
}

CUDA_EXPORT int cuDeviceGetName(char* name, int length, int) {
  std::strncpy(name, "emulated on the host", static_cast<size_t>(length) - 1);
  name[length - 1] = '\0';
  return kSuccess;
}

// Shared memory per block that a kernel may ask for, of an H100.
constexpr int kMostShared = 227 << 10;

CUDA_EXPORT int cuDeviceGetAttribute(int* value, int attribute, int) {
  switch (attribute) {
    case 16:  // multiprocessors
      *value = 4;
      return kSuccess;
    case 75:  // compute capability, major
      *value = 9;
      return kSuccess;
    case 76:  // compute capability, minor
      *value = 0;
      return kSuccess;
    case 97:  // shared memory per block that a kernel may ask for
      *value = kMostShared;
      return kSuccess;
    default:
      return kInvalidValue;
  }
}

CUDA_EXPORT int cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = device().memory.total();
  return kSuccess;
}

CUDA_EXPORT int cuDevicePrimaryCtxRetain(Context** context, int) {
  ++device().primary.references;
  *context = &device().primary;
  return kSuccess;
}

CUDA_EXPORT int cuDevicePrimaryCtxRelease_v2(int) {
  if (device().primary.references == 0) return kInvalidContext;
  if (--device().primary.references == 0) device().sticky = kSuccess;
  return kSuccess;
}

CUDA_EXPORT int cuCtxCreate_v2(Context** context, unsigned, int) {
  *context = new Context();
  contexts.push_back(*context);
  return kSuccess;
}

CUDA_EXPORT int cuCtxDestroy_v2(Context* context) {
  if (!contexts.empty() && contexts.back() == context) contexts.pop_back();
  device().sticky = kSuccess;
  delete context;
  return kSuccess;
}

CUDA_EXPORT int cuCtxPushCurrent_v2(Context* context) {
  contexts.push_back(context);
  return kSuccess;
}

CUDA_EXPORT int cuCtxPopCurrent_v2(Context** context) {
  if (contexts.empty()) return kInvalidContext;
  if (context != nullptr) *context = contexts.back();
  contexts.pop_back();
  return kSuccess;
}

CUDA_EXPORT int cuCtxGetDevice(int* handle) {
  *handle = 0;
  return contexts.empty() ? kInvalidContext : kSuccess;
}

CUDA_EXPORT int cuStreamCreate(Stream** stream, unsigned) {
  const int status = ready();
  if (status == kSuccess) *stream = new Stream();
  return status;
}

CUDA_EXPORT int cuStreamDestroy_v2(Stream* stream) {
  delete stream;
  return kSuccess;
}

CUDA_EXPORT int cuStreamSynchronize(Stream* stream) {
  if (Stream::captures(stream)) return refuse(stream);
  ++waits;
  const int status = Stream::catch_up(stream);
  return status != kSuccess ? status : ready();
}

CUDA_EXPORT int cuEventCreate(Event** event, unsigned) {
  const int status = ready();
  if (status == kSuccess) *event = new Event();
  return status;
}

CUDA_EXPORT int cuEventDestroy_v2(Event* event) {
  delete event;
  return kSuccess;
}

CUDA_EXPORT int cuEventRecord(Event* event, Stream* stream) {
  const int status = ready();
  return status != kSuccess ? status : event->record(stream);
}

CUDA_EXPORT int cuEventSynchronize(Event* event) {
  waits += event->is_pending();
  const int status = event->wait();
  return status != kSuccess ? status : ready();
}

CUDA_EXPORT int cuEventElapsedTime(float* milliseconds, Event* start, Event* end) {
  if (start->is_pending() || end->is_pending()) return kNotReady;
  if (!start->is_recorded() || !end->is_recorded()) return kInvalidHandle;
  *milliseconds = end->milliseconds_since(*start);
  return ready();
}

// An image is the name of a module whose kernels are in this process.
CUDA_EXPORT int cuModuleLoadData(Module** module, const void* image) {
  const int status = ready();
  if (status != kSuccess) return status;
  const std::string name = static_cast<const char*>(image);
  if (!module_exists(name)) return kInvalidImage;
  *module = new Module{name};
  return kSuccess;
}

CUDA_EXPORT int cuModuleUnload(Module* module) {
  delete module;
  return kSuccess;
}

CUDA_EXPORT int cuModuleGetFunction(const Kernel** function, Module* module, const char* name) {
  *function = find_kernel(module->name, name);
  return *function == nullptr ? kNotFound : kSuccess;
}

CUDA_EXPORT int cuFuncSetAttribute(const Kernel* kernel, int attribute, int value) {
  constexpr int kMaxDynamicShared = 8;
  if (attribute != kMaxDynamicShared || value < 0 || value > kMostShared) return kInvalidValue;
  kernel->max_dynamic_shared = static_cast<size_t>(value);
  return ready();
}

CUDA_EXPORT int cuMemAlloc_v2(uint64_t* address, size_t bytes) {
  const int status = ready();
  if (status != kSuccess) return status;
  if (bytes == 0) return kInvalidValue;
  *address = reinterpret_cast<uint64_t>(device().memory.allocate(bytes));
  return *address == 0 ? kOutOfMemory : kSuccess;
}

CUDA_EXPORT int cuMemFree_v2(uint64_t address) {
  return device().memory.free(pointer(address)) ? ready() : kInvalidValue;
}

// A GPU would make an allocation a part of the graph, with an address that is valid while the graph runs; the library
// never wants that.
CUDA_EXPORT int cuMemAllocAsync(uint64_t* address, size_t bytes, Stream* stream) {
  return Stream::captures(stream) ? refuse(stream) : cuMemAlloc_v2(address, bytes);
}

CUDA_EXPORT int cuMemFreeAsync(uint64_t address, Stream* stream) {
  if (Stream::captures(stream)) return refuse(stream);
  const int status = Stream::catch_up(stream);
  return status != kSuccess ? status : cuMemFree_v2(address);
}

CUDA_EXPORT int cuMemGetInfo_v2(size_t* available, size_t* total) {
  *available = device().memory.available();
  *total = device().memory.total();
  return ready();
}

CUDA_EXPORT int cuMemAllocHost_v2(void** address, size_t bytes) {
  if (const int status = ready(); status != kSuccess) return status;
  *address = bytes > 0 ? device().page_locked.allocate(bytes) : nullptr;
  return *address != nullptr ? kSuccess : bytes > 0 ? kOutOfMemory : kInvalidValue;
}

CUDA_EXPORT int cuMemFreeHost(void* address) {
  return device().page_locked.free(address) ? ready() : kInvalidValue;
}

CUDA_EXPORT int cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, size_t bytes, Stream* stream) {
  return copy(stream, from, pointer(to), bytes, from);
}

CUDA_EXPORT int cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, Stream* stream) {
  return copy(stream, pointer(from), to, bytes, to);
}

CUDA_EXPORT int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, Stream* stream) {
  return copy(stream, pointer(from), pointer(to), bytes, nullptr);
}

CUDA_EXPORT int cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes, Stream* stream) {
  if (bytes > 0 && !device().memory.contains(pointer(to), bytes)) return kInvalidValue;
  return enqueue(stream, [=] {
    std::memset(pointer(to), value, bytes);
    return static_cast<int>(kSuccess);
  });
}

CUDA_EXPORT int cuLaunchKernel(const Kernel* kernel, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                               unsigned bz, unsigned shared, Stream* stream, void** arguments, void**) {
  const int status = ready();
  if (status != kSuccess) return status;
  if (gx == 0 || gy == 0 || gz == 0 || bx * by * bz == 0 || gy > 65535 || gz > 65535 || gx > 0x7fffffffu)
    return kInvalidValue;
  if (bx * by * bz > kernel->max_threads) return kLaunchOutOfResources;
  if (shared > kernel->max_dynamic_shared) return kInvalidValue;
  const Extent grid{gx, gy, gz}, block{bx, by, bz};
  if (!Stream::captures(stream))
    return enqueue(stream, [&] { return run_kernel(kernel, grid, block, shared, arguments); });
  return enqueue(stream, [=, kept = KeptArguments(*kernel, arguments)]() mutable {
    std::vector<void*> pointers;
    for (auto& value : kept.values) pointers.push_back(value.data());
    return run_kernel(kernel, grid, block, shared, pointers.data());
  });
}

CUDA_EXPORT int cuStreamBeginCapture_v2(Stream* stream, int) {
  if (stream == nullptr) return kCaptureUnsupported;
  if (Stream::captures(stream)) return kIllegalState;
  if (const int late = Stream::catch_up(stream); late != kSuccess) return late;
  stream->capture = std::make_unique<Graph>();
  stream->spoilt = false;
  return ready();
}

CUDA_EXPORT int cuStreamEndCapture(Stream* stream, Graph** graph) {
  *graph = nullptr;
  if (!Stream::captures(stream)) return kIllegalState;
  if (stream->spoilt) {
    stream->capture.reset();
    return kCaptureInvalidated;
  }
  *graph = stream->capture.release();
  return ready();
}

CUDA_EXPORT int cuGraphInstantiateWithFlags(Graph** executable, Graph* graph, uint64_t) {
  *executable = new Graph(*graph);
  return ready();
}

CUDA_EXPORT int cuGraphLaunch(Graph* executable, Stream* stream) {
  return enqueue(stream, [=] {
    for (const auto& node : executable->nodes)
      if (const int status = node(); status != kSuccess) return status;
    return static_cast<int>(kSuccess);
  });
}

CUDA_EXPORT int cuGraphExecDestroy(Graph* executable) {
  delete executable;
  return kSuccess;
}

CUDA_EXPORT int cuGraphDestroy(Graph* graph) {
  delete graph;
  return kSuccess;
}
