# shellcheck shell=bash disable=SC2154
# `./opsig sanitize`: native code under AddressSanitizer and UndefinedBehaviorSanitizer, which stop the first access out of
# bounds: the native tests, then the kernels in every arithmetic, as the self-test launches them on the emulated device.
# Sourced.

sanitize() {
  (($# == 0)) || {
    echo "usage: ./opsig sanitize" >&2
    return 2
  }
  echo "building sanitized native code ..." >&2
  local log=$artifacts/logs/sanitize.log
  if ! (cd -- "$root" && cmake --preset sanitize && cmake --build --preset sanitize) >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    echo "opsig: building sanitized native code failed." >&2
    return 1
  fi
  local status=0
  ctest --test-dir "$artifacts/native-build/sanitize" --output-on-failure --no-tests=error || status=$?
  printf '%s\n' fp32 3xtf32 tf32 bf16 | sanitized_selftests || status=$?
  return "$status"
}

# The self-test in each of the arithmetics that the input names, as many at once as there are cores. The processor's own
# library is not the sanitized one: its tests were run above.
sanitized_selftests() {
  # .NET finds null references by the signal that they raise, has stacks of its own for signals, and frees nothing at its
  # end. Shared memory comes and goes with every block: what is held back of it before it is used again should fit a cache.
  export ASAN_OPTIONS=handle_segv=0:use_sigaltstack=0:detect_leaks=0:quarantine_size_mb=1
  export OMP_WAIT_POLICY=passive OMP_NUM_THREADS=1
  OPSIG_EMULATED_DRIVER=$artifacts/native-sanitize/libopsig_cuda_emulated.so
  export OPSIG_EMULATED_DRIVER
  xargs -P "$(nproc)" -I ARITHMETIC env LD_PRELOAD="$("${CXX:-c++}" -print-file-name=libasan.so)" \
    dotnet "$artifacts/bin/OpposingSignals.Cli/release/opsig.dll" selftest \
    --device cuda-emulated --arithmetic ARITHMETIC
}
