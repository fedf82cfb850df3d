# shellcheck shell=bash disable=SC2154
# Builds what has changed since it was last built. Sourced; expects $root.

artifacts=$root/artifacts
stamps=$artifacts/stamps

build_packages=("g++=g++" "cmake=cmake" "ninja-build=ninja" "libdnnl-dev=/usr/include/dnnl.h"
  "libboost-context-dev=/usr/include/boost/context/detail/fcontext.hpp")
managed_settings=(Directory.Build.props Directory.Packages.props global.json .editorconfig OpposingSignals.Native.sln)

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# What a part is built from. The native stamp stands for the libraries, which are copied beside the managed programs.
sources_of() {
  case $1 in
    native) printf '%s\n' CMakeLists.txt CMakePresets.json native tests/native ;;
    cli) printf '%s\n' "${managed_settings[@]}" managed artifacts/stamps/native ;;
    peers) printf '%s\n' "${managed_settings[@]}" managed bench artifacts/stamps/native ;;
    solution) printf '%s\n' "${managed_settings[@]}" managed tests bench artifacts/stamps/native ;;
  esac
}

# Folders are compared too: a file that came or went shows as a change of its folder.
is_current() {
  local sources
  [[ -e $stamps/$1 ]] || return 1
  mapfile -t sources < <(sources_of "$1")
  [[ -z $(cd -- "$root" && find "${sources[@]}" -newer "$stamps/$1" -print -quit 2>&1) ]]
}

# Runs COMMAND in the root, quietly unless it fails. The stamp bears the time of the start, so that a source that is edited
# during the build counts as changed.
build_part() {
  local part=$1 what=$2
  shift 2
  is_current "$part" && return
  echo "building $what ..." >&2
  mkdir -p "$stamps" "$artifacts/logs"
  touch "$stamps/$part.started"
  if ! (cd -- "$root" && "$@") >"$artifacts/logs/$part.log" 2>&1 </dev/null; then
    cat "$artifacts/logs/$part.log" >&2
    echo "opsig: building $what failed." >&2
    return 1
  fi
  mv "$stamps/$part.started" "$stamps/$part"
}

# A fresh configuration notices a compiler or library that came since, and a checkout that moved; objects are kept. The CUDA
# modules are built where there is a compiler for them; see tools/cuda.sh.
build_native() {
  local cuda=() nvcc
  nvcc=$(find_nvcc)
  [[ -z $nvcc ]] || cuda+=("-DOPSIG_NVCC=$nvcc")
  [[ $nvcc != "$cuda_folder"/* ]] || cuda+=("-DOPSIG_CUDA_HOST_COMPILER=$cuda_host_compiler")
  cmake --preset release --fresh "${cuda[@]}" && cmake --build --preset release
}

# Servers that outlive the build would hold memory, and the checkout's files, on behalf of nobody.
build_managed() {
  dotnet build "$1" -c Release --disable-build-servers
}

# Makes PART, one of sources_of, ready to run, with the given PACKAGE=PROBE... at hand.
prepare() {
  local part=$1
  shift
  local packages=("${build_packages[@]}" "$@")
  if ! command -v dotnet >/dev/null; then
    echo "opsig: the .NET SDK 10 is missing: install it so that 'dotnet' is on the PATH." >&2
    return 2
  fi
  [[ -z $(missing_packages "${packages[@]}") ]] && is_current native && is_current "$part" && return

  build_alone build_all "$part" "${packages[@]}"
}

# Runs COMMAND, which builds: one start at a time, the others wait for it and then find nothing to do. Children do not inherit
# the lock (9>&-), so that none can keep it.
build_alone() {
  local status=0
  mkdir -p "$artifacts"
  exec 9>"$artifacts/build.lock"
  flock 9
  "$@" 9>&- || status=$?
  exec 9>&-
  return "$status"
}

build_all() {
  local part=$1
  shift
  install_packages "$@" || return
  build_part native "native code" build_native || return
  case $part in
    cli) build_part cli "managed code" build_managed managed/OpposingSignals.Cli/OpposingSignals.Cli.csproj ;;
    peers) build_part peers "the benches" build_managed bench/peers/OpposingSignals.Peers.csproj ;;
    solution)
      build_part solution "managed code and tests" build_managed OpposingSignals.Native.sln || return
      # The solution holds the others.
      touch -r "$stamps/solution" "$stamps/cli" "$stamps/peers"
      ;;
  esac
}
