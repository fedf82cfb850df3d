// The emulated driver must let a right kernel pass under every schedule and show every planted mistake.
//   emulator_test         everything that leaves the process alive
//   emulator_test KERNEL  one kernel, which AddressSanitizer must stop
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

extern "C" {
int cuInit(unsigned);
int cuDevicePrimaryCtxRetain(void**, int);
int cuDevicePrimaryCtxRelease_v2(int);
int cuCtxPushCurrent_v2(void*);
int cuCtxPopCurrent_v2(void**);
int cuModuleLoadData(void**, const void*);
int cuModuleUnload(void*);
int cuModuleGetFunction(void**, void*, const char*);
int cuMemAlloc_v2(uint64_t*, size_t);
int cuMemFree_v2(uint64_t);
int cuMemcpyHtoDAsync_v2(uint64_t, const void*, size_t, void*);
int cuMemcpyDtoHAsync_v2(void*, uint64_t, size_t, void*);
int cuLaunchKernel(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);
int cuStreamCreate(void**, unsigned);
int cuStreamDestroy_v2(void*);
int cuStreamBeginCapture_v2(void*, int);
int cuStreamEndCapture(void*, void**);
int cuGraphInstantiateWithFlags(void**, void*, uint64_t);
int cuGraphLaunch(void*, void*);
int cuGraphExecDestroy(void*);
int cuGraphDestroy(void*);
int cuStreamSynchronize(void*);
int cuMemAllocHost_v2(void**, size_t);
int cuMemFreeHost(void*);
int cuEventCreate(void**, unsigned);
int cuEventDestroy_v2(void*);
int cuEventRecord(void*, void*);
int cuEventSynchronize(void*);
int cuEventElapsedTime(float*, void*, void*);
int64_t opsig_emulated_live_objects();
void opsig_emulated_follow_schedule(const char*);
const char* opsig_emulated_fault();
}

namespace {

constexpr int kCount = 64;
constexpr int kLaunchFailed = 719;
int failures = 0;

void expect(bool holds, const std::string& what) {
  if (!holds) {
    ++failures;
    std::fprintf(stderr, "failed: %s\n", what.c_str());
  }
}

// A context with two arrays of 64 numbers, gone at the end of the scope; a fault of the device goes with it.
struct Session {
  void *context = nullptr, *module = nullptr;
  uint64_t in = 0, out = 0;

  explicit Session(const char* planted = "planted") {
    cuInit(0);
    cuDevicePrimaryCtxRetain(&context, 0);
    cuCtxPushCurrent_v2(context);
    expect(cuModuleLoadData(&module, planted) == 0, "the module loads");
    cuMemAlloc_v2(&in, kCount * sizeof(float));
    cuMemAlloc_v2(&out, kCount * sizeof(float));
    float values[kCount];
    for (int i = 0; i < kCount; ++i) values[i] = static_cast<float>(i + 1);
    cuMemcpyHtoDAsync_v2(in, values, sizeof values, nullptr);
  }

  ~Session() {
    cuMemFree_v2(in);
    cuMemFree_v2(out);
    cuModuleUnload(module);
    cuCtxPopCurrent_v2(nullptr);
    cuDevicePrimaryCtxRelease_v2(0);
  }

  int launch(const char* kernel, void* stream = nullptr, unsigned threads = kCount, unsigned shared_bytes = 0) {
    void* function = nullptr;
    expect(cuModuleGetFunction(&function, module, kernel) == 0, std::string("there is a kernel ") + kernel);
    void* arguments[] = {&in, &out};
    return cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, shared_bytes, stream, arguments, nullptr);
  }

  // One of planted_products.cu.
  int launch_product(const char* kernel) { return launch(kernel, nullptr, 128, (64 + 128) * 128); }

  std::vector<float> result() {
    std::vector<float> values(kCount, -1);
    cuMemcpyDtoHAsync_v2(values.data(), out, kCount * sizeof(float), nullptr);
    return values;
  }
};

std::vector<float> result_of(const char* kernel, const char* schedule) {
  opsig_emulated_follow_schedule(schedule);
  Session session;
  expect(session.launch(kernel) == 0, std::string(kernel) + " runs: " + opsig_emulated_fault());
  opsig_emulated_follow_schedule(nullptr);
  return session.result();
}

bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void a_right_kernel_gives_the_same_bits_under_every_schedule() {
  const std::vector<float> forward = result_of("right", "forward");
  for (int i = 0; i < kCount; ++i)
    expect(forward[static_cast<size_t>(i)] == static_cast<float>(kCount - i), "the result is right");
  for (const char* schedule : {"reverse", "random:1", "random:2"})
    expect(same(forward, result_of("right", schedule)), std::string("the same bits under ") + schedule);
}

void a_race_shows_as_differing_bits() {
  const std::vector<float> forward = result_of("race", "forward");
  expect(!same(forward, result_of("race", "reverse")), "a race differs in reverse");
  expect(!same(forward, result_of("race", "random:1")), "a race differs in random order");
}

void uninitialised_shared_memory_is_poison() {
  const std::vector<float> values = result_of("uninitialised", "forward");
  expect(std::isnan(values[0]), "the element that nobody wrote is NaN");
  expect(values[1] == 63, "the others are not");
}

void a_copy_is_done_when_its_group_is_waited_for() {
  expect(result_of("copies", "forward")[0] == 64, "a copy that was waited for is there");
  expect(std::isnan(result_of("early", "forward")[0]), "a copy that was not is not");
}

void a_copy_may_land_as_soon_as_it_is_started() {
  for (const char* schedule : {"forward", "reverse", "random:1"})
    expect(result_of("copies", schedule)[0] == 64, std::string("a copy is there under ") + schedule);
  const std::vector<float> forward = result_of("overtaken", "forward");
  expect(!same(forward, result_of("overtaken", "reverse")), "a copy over what is still read differs in reverse");
  expect(!same(forward, result_of("overtaken", "random:1")), "a copy over what is still read differs in random order");
}

std::vector<float> product_of(const char* kernel, const char* schedule) {
  opsig_emulated_follow_schedule(schedule);
  Session session("planted_products");
  expect(session.launch_product(kernel) == 0, std::string(kernel) + " runs: " + opsig_emulated_fault());
  opsig_emulated_follow_schedule(nullptr);
  return session.result();
}

void a_product_in_shared_memory_is_right_under_every_schedule() {
  for (const char* schedule : {"forward", "reverse", "random:1"}) {
    const std::vector<float> values = product_of("product", schedule);
    for (int i = 0; i < kCount; ++i)
      expect(values[static_cast<size_t>(i)] == static_cast<float>(8 * (i + 1)),
             std::string("a product is right under ") + schedule);
  }
}

void a_product_shows_what_it_did_not_wait_for() {
  expect(std::isnan(product_of("product_unpublished", "forward")[0]), "words that nobody published are poison");
  expect(!same(product_of("product_unmet", "random:2"), product_of("product", "random:2")),
         "words of threads that were not waited for are poison");
  expect(product_of("product_early", "forward")[0] == 0, "sums that are read before the wait are old ones");
  expect(product_of("product_overwritten", "forward")[0] == 0,
         "operands that are written over before the wait are lost");
}

void a_product_fails_the_launch(const char* kernel, const char* word) {
  Session session("planted_products");
  expect(session.launch_product(kernel) == kLaunchFailed, std::string(kernel) + " fails");
  expect(std::strstr(opsig_emulated_fault(), word) != nullptr, std::string(kernel) + ": " + opsig_emulated_fault());
}

void the_environment_names_the_schedule_where_nobody_follows_another() {
  setenv("OPSIG_EMULATED_SCHEDULE", "reverse", 1);
  expect(same(result_of("race", "reverse"), result_of("race", nullptr)), "the environment's schedule");
  expect(!same(result_of("race", "forward"), result_of("race", nullptr)), "another goes before it");
  unsetenv("OPSIG_EMULATED_SCHEDULE");
}

void a_fault_fails_the_launch_and_every_call_after_it(const char* kernel, const char* word) {
  Session session;
  expect(session.launch(kernel) == kLaunchFailed, std::string(kernel) + " fails");
  expect(std::strstr(opsig_emulated_fault(), word) != nullptr, std::string(kernel) + ": " + opsig_emulated_fault());
  expect(session.launch("right") == kLaunchFailed, "the device stays failed");
}

void a_captured_stream_runs_when_its_graph_is_launched() {
  Session session;
  void *stream = nullptr, *graph = nullptr, *executable = nullptr;
  cuStreamCreate(&stream, 1);
  cuStreamBeginCapture_v2(stream, 0);
  expect(session.launch("right", stream) == 0, "a launch is captured");
  cuStreamEndCapture(stream, &graph);
  expect(std::isnan(session.result()[0]), "nothing has run yet");
  cuGraphInstantiateWithFlags(&executable, graph, 0);
  cuGraphDestroy(graph);
  expect(cuGraphLaunch(executable, stream) == 0, "the graph runs");
  expect(session.result()[0] == kCount, "the graph's result is right");
  cuGraphExecDestroy(executable);
  cuStreamDestroy_v2(stream);
}

void what_cannot_be_captured_spoils_the_capture() {
  Session session;
  void *stream = nullptr, *graph = &session;
  expect(cuStreamBeginCapture_v2(nullptr, 0) == 900, "the default stream cannot be captured");
  cuStreamCreate(&stream, 1);
  cuStreamBeginCapture_v2(stream, 0);
  session.launch("right", stream);
  expect(cuStreamSynchronize(stream) == 900, "a captured stream cannot be waited for");
  expect(cuStreamEndCapture(stream, &graph) == 901 && graph == nullptr, "the capture is spoilt");
  expect(session.launch("right", stream) == 0 && session.result()[0] == kCount, "the stream works again");
  cuStreamDestroy_v2(stream);
}

// A stream, page-locked memory for the session's numbers, and an event.
struct Transfer {
  void *stream = nullptr, *event = nullptr, *memory = nullptr;
  float* values = nullptr;

  Transfer() {
    cuStreamCreate(&stream, 1);
    cuEventCreate(&event, 0);
    expect(cuMemAllocHost_v2(&memory, kBytes) == 0, "there is page-locked memory");
    values = static_cast<float*>(memory);
  }

  ~Transfer() {
    if (memory != nullptr) cuMemFreeHost(memory);
    cuEventDestroy_v2(event);
    cuStreamDestroy_v2(stream);
  }

  static constexpr size_t kBytes = kCount * sizeof(float);
};

void page_locked_memory_is_read_when_the_copy_is_done() {
  Session session;
  Transfer transfer;
  transfer.values[kCount - 1] = 1;
  cuMemcpyHtoDAsync_v2(session.in, transfer.values, Transfer::kBytes, transfer.stream);
  transfer.values[kCount - 1] = 2;
  session.launch("right", transfer.stream);
  expect(session.result()[0] == 2, "what is changed too early arrives changed");
  cuMemcpyHtoDAsync_v2(session.in, transfer.values, Transfer::kBytes, transfer.stream);
  cuEventRecord(transfer.event, transfer.stream);
  cuEventSynchronize(transfer.event);
  transfer.values[kCount - 1] = 3;
  session.launch("right", transfer.stream);
  expect(session.result()[0] == 2, "what is changed after the event arrives as it was");
}

void page_locked_memory_is_poison_until_a_copy_to_it_is_waited_for() {
  Session session;
  Transfer transfer;
  transfer.values[0] = 7;
  cuMemcpyDtoHAsync_v2(transfer.values, session.in, Transfer::kBytes, transfer.stream);
  cuEventRecord(transfer.event, transfer.stream);
  expect(std::isnan(transfer.values[0]), "nobody may read it yet");
  cuEventSynchronize(transfer.event);
  expect(transfer.values[0] == 1, "the copy is there");
}

void page_locked_memory_that_is_freed_too_early_fails_its_copy() {
  Session session;
  Transfer transfer;
  cuMemcpyDtoHAsync_v2(transfer.values, session.in, Transfer::kBytes, transfer.stream);
  cuMemFreeHost(transfer.memory);
  transfer.memory = nullptr;
  expect(cuStreamSynchronize(transfer.stream) == 700, "a copy to memory that is gone fails");
}

void events_tell_the_time_between_them_once_they_are_reached() {
  Session session;
  Transfer start, end;
  float milliseconds = -1;
  expect(cuEventElapsedTime(&milliseconds, start.event, end.event) == 400, "an event that was never put has no time");
  cuEventRecord(start.event, start.stream);
  session.launch("right", start.stream);
  cuEventRecord(end.event, start.stream);
  expect(cuEventElapsedTime(&milliseconds, start.event, end.event) == 600, "an event that is not reached has no time");
  cuEventSynchronize(end.event);
  expect(cuEventElapsedTime(&milliseconds, start.event, end.event) == 0 && milliseconds > 0, "the time of the work");
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1) {
    Session session;
    session.launch(arguments[1]);
    std::fprintf(stderr, "%s was not stopped\n", arguments[1]);
    return 0;
  }
  a_right_kernel_gives_the_same_bits_under_every_schedule();
  a_race_shows_as_differing_bits();
  uninitialised_shared_memory_is_poison();
  a_copy_is_done_when_its_group_is_waited_for();
  a_copy_may_land_as_soon_as_it_is_started();
  a_product_in_shared_memory_is_right_under_every_schedule();
  a_product_shows_what_it_did_not_wait_for();
  a_product_fails_the_launch("product_unordered", "without wgmma.fence");
  a_product_fails_the_launch("product_unfinished", "ends with products under way");
  a_product_fails_the_launch("product_amid_eight", "begins amid eight lines");
  a_product_fails_the_launch("product_beyond", "beyond its shared memory");
  the_environment_names_the_schedule_where_nobody_follows_another();
  a_fault_fails_the_launch_and_every_call_after_it("unshared", "launched with 0 bytes of shared memory");
  a_fault_fails_the_launch_and_every_call_after_it("divergence", "__syncthreads: some threads never arrive");
  a_fault_fails_the_launch_and_every_call_after_it("two_barriers", "different calls of __syncthreads");
  a_fault_fails_the_launch_and_every_call_after_it("lost_lane", "some lanes never arrive");
#if !defined(__SANITIZE_ADDRESS__)
  a_fault_fails_the_launch_and_every_call_after_it("out_of_bounds", "wrote beside an allocation of 256 bytes");
#endif
  a_captured_stream_runs_when_its_graph_is_launched();
  what_cannot_be_captured_spoils_the_capture();
  page_locked_memory_is_read_when_the_copy_is_done();
  page_locked_memory_is_poison_until_a_copy_to_it_is_waited_for();
  page_locked_memory_that_is_freed_too_early_fails_its_copy();
  events_tell_the_time_between_them_once_they_are_reached();
  expect(opsig_emulated_live_objects() == 0, "nothing is left behind");
  if (failures == 0) std::printf("emulator: all passed\n");
  return failures == 0 ? 0 : 1;
}
