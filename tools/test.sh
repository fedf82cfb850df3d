# shellcheck shell=bash disable=SC2154
# `./opsig test`: every test of the checkout, and one closing line that counts them. Sourced by the launcher after build.sh.

passed=0 failed=0 skipped=0

run_tests() {
  local filter=("$@")
  case ${1-} in
    -h | --help)
      echo "usage: ./opsig test [FILTER]    e.g. ./opsig test FullyQualifiedName~Lanczos"
      exit 0
      ;;
  esac
  if ((${#filter[@]} > 1)); then
    echo "opsig: test takes one filter, got ${#filter[@]}: ${filter[*]}. Quote a filter that has spaces." >&2
    exit 2
  fi

  cd -- "$root" || exit
  results=$artifacts/test-results
  rm -rf "$results"
  mkdir -p "$results"
  ((${#filter[@]})) || run_native_tests
  run_managed_tests "${filter[@]}"

  if ((passed + failed == 0)); then
    echo "opsig: no test was run." >&2
    failed=1
  fi
  echo "$passed passed, $failed failed$( ((skipped)) && echo ", $skipped skipped")"
  ((failed == 0))
  exit
}

run_native_tests() {
  local status=0
  ctest --test-dir "$artifacts/native-build/release" --output-on-failure --no-tests=error \
    --output-junit "$results/native.xml" || status=$?
  add_results "$status" "$results/native.xml" testsuite tests failures skipped disabled
}

run_managed_tests() {
  local status=0 filter=()
  (($#)) && filter=(--filter "$1")
  # Test classes run side by side, and each device uses every core: OpenMP threads that wait actively would take the cores
  # from those with work. Measured on 2 cores, in 4 rounds: passive waiting takes a sixth off the wall time, and is ahead of
  # running the classes one after another in 3 of them.
  export OMP_WAIT_POLICY=${OMP_WAIT_POLICY-passive}
  # A test that crashes or hangs the runner is named instead of only missing from the counts.
  dotnet test OpposingSignals.Native.sln -c Release --no-build --disable-build-servers "${filter[@]}" \
    --logger "trx;LogFileName=managed.trx" --results-directory "$results" \
    --blame-hang-timeout 10m --blame-hang-dump-type none || status=$?
  add_results "$status" "$results/managed.trx" Counters total failed executed
}

# Adds the counts in the attributes of FILE's first ELEMENT. A runner that failed without a failed test crashed: that is a
# failure too.
add_results() {
  local status=$1 file=$2 element=$3 tag="" total=0 bad=0 left_out=0
  if [[ -e $file ]]; then
    tag=$(tr '\n\t' '  ' <"$file" | grep -o -m1 "<$element [^>]*>" | head -n 1) || tag=""
  fi
  total=$(attribute "$tag" "$4")
  bad=$(attribute "$tag" "$5")
  case $element in
    testsuite) left_out=$(($(attribute "$tag" "$6") + $(attribute "$tag" "$7"))) ;;
    Counters) left_out=$((total - $(attribute "$tag" "$6"))) ;;
  esac
  passed=$((passed + total - bad - left_out))
  skipped=$((skipped + left_out))
  if ((status != 0 && bad == 0)); then
    echo "opsig: the test runner ended with status $status; see above." >&2
    bad=1
  fi
  failed=$((failed + bad))
}

attribute() {
  [[ $1 =~ \ $2=\"([0-9]+)\" ]] && echo "${BASH_REMATCH[1]}" || echo 0
}
