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

# Two halves side by side, for most tests keep one core busy: those of the command line and the self-test, and all others.
# Within each, classes run one after another, because the number of threads belongs to the process.
run_managed_tests() {
  (($#)) && { run_managed managed "$1"; count_managed managed; return; }
  local programs="FullyQualifiedName~.Tests.Cli.|FullyQualifiedName~.Tests.SelfTests."
  local others="FullyQualifiedName!~.Tests.Cli.&FullyQualifiedName!~.Tests.SelfTests."
  run_managed programs "$programs" >"$results/programs.log" 2>&1 &
  run_managed others "$others"
  wait
  cat "$results/programs.log"
  count_managed programs
  count_managed others
}

# Runs the tests that FILTER chooses, and leaves NAME.trx and the status of the runner.
run_managed() {
  local name=$1 filter=$2 status=0
  # Threads of OpenMP that wait actively would take the cores from those with work.
  export OMP_WAIT_POLICY=${OMP_WAIT_POLICY-passive}
  # A test that crashes or hangs the runner is named instead of only missing from the counts.
  dotnet test OpposingSignals.Native.sln -c Release --no-build --disable-build-servers --filter "$filter" \
    --logger "trx;LogFileName=$name.trx" --results-directory "$results" \
    --blame-hang-timeout 10m --blame-hang-dump-type none || status=$?
  echo "$status" >"$results/$name.status"
}

count_managed() {
  add_results "$(<"$results/$1.status")" "$results/$1.trx" Counters total failed executed
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
