# shellcheck shell=bash disable=SC2154
# A CUDA compiler for machines without one: Debian's, unpacked into a cache folder rather than installed. The installed
# packages would pull in the driver's libraries; kernels are compiled to machine code and need none of them. Sourced.

cuda_version=12.4
cuda_host_compiler=g++-12
cuda_folder=${XDG_CACHE_HOME:-$HOME/.cache}/opsig/cuda-$cuda_version

# The first release of Debian whose compiler knows Hopper's own instructions; it runs on earlier ones too.
cuda_release=trixie

# The compiler's parts, and its headers. The latter lie in a package of 930 MB, most of it libraries that are not unpacked.
cuda_compiler_package=nvidia-cuda-toolkit
cuda_headers_package=nvidia-cuda-dev

# Prints the nvcc to build with: the one that OPSIG_NVCC or the PATH names, or the one in the cache; nothing where there is none.
find_nvcc() {
  if [[ -n ${OPSIG_NVCC-} ]]; then
    echo "$OPSIG_NVCC"
  elif ! command -v nvcc; then
    [[ ! -x $cuda_folder/bin/nvcc ]] || echo "$cuda_folder/bin/nvcc"
  fi
}

# Puts the compiler into the cache folder unless there is one at hand.
fetch_nvcc() {
  [[ -z $(find_nvcc) ]] || return 0
  echo "fetching the CUDA $cuda_version compiler (about 1 GB, once) ..." >&2
  install_packages "$cuda_host_compiler=$cuda_host_compiler" || return
  local work status=0
  mkdir -p "${cuda_folder%/*}"
  work=$(mktemp -d "$cuda_folder.XXXXXX")
  (download_cuda "$work" && unpack_cuda "$work") >"$work/log" 2>&1 </dev/null || status=$?
  if ((status)); then
    tail -n 5 "$work/log" >&2
    echo "opsig: the CUDA compiler could not be fetched from the mirror of this machine's package sources (Debian $cuda_release, component non-free)." >&2
  else
    mv -T "$work/tree" "$cuda_folder" || status=$?
  fi
  rm -rf "$work"
  return "$status"
}

# From the mirror of this machine's own package sources, in a folder of their own: nothing is changed outside it.
download_cuda() {
  local work=$1 own mirror
  mkdir -p "$work"/{sources,lists/partial,cache/archives/partial,packages}
  own=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
  # From what an update would fetch: that needs no package lists, which a fresh machine does not have.
  mirror=$(apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/$own/InRelease'.*|\1|p;T;q")
  echo "deb ${mirror:?there is no package source of Debian $own} $cuda_release non-free" >"$work/sources/cuda.list"
  local apt=(apt-get -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources" -o APT::Sandbox::User=""
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o Acquire::Languages=none)
  "${apt[@]}" update && (cd -- "$work/packages" && "${apt[@]}" download "$cuda_compiler_package" "$cuda_headers_package")
}

# bin, include and nvvm, as in NVIDIA's own toolkit, so that nvcc finds everything relative to itself.
unpack_cuda() {
  local work=$1 tree=$1/tree
  mkdir -p "$work/compiler" "$work/headers" "$tree/bin" "$tree/nvvm"
  dpkg-deb --fsys-tarfile "$work/packages/$cuda_compiler_package"_*.deb | tar -x -C "$work/compiler" \
    ./usr/bin/{cudafe++,fatbinary,ptxas,nvlink,cuobjdump,nvdisasm} ./usr/lib/nvidia-cuda-toolkit/{bin,libdevice} || return
  dpkg-deb --fsys-tarfile "$work/packages/$cuda_headers_package"_*.deb | tar -x -C "$work/headers" ./usr/include || return
  mv "$work/compiler"/usr/bin/* "$work/compiler"/usr/lib/nvidia-cuda-toolkit/bin/{nvcc,cicc,crt} "$tree/bin" &&
    mv "$work/compiler/usr/lib/nvidia-cuda-toolkit/libdevice" "$tree/nvvm" && mv "$work/headers/usr/include" "$tree" || return
  cat >"$tree/bin/nvcc.profile" <<'PROFILE'
TOP = $(_HERE_)/..
NVVMIR_LIBRARY_DIR = $(TOP)/nvvm/libdevice
PATH += $(_HERE_):
INCLUDES += "-I$(TOP)/include" $(_SPACE_)
PROFILE
}

# `./opsig cuda-modules`: builds every module and lists what each kernel takes. Fails where a kernel spills registers.
build_cuda_modules() {
  build_alone build_native_with_modules && "$root/tools/kernel-report" "$artifacts/native-build/release/native/cuda"
}

build_native_with_modules() {
  install_packages "${build_packages[@]}" && fetch_nvcc || return
  # The library has to learn of modules that it was built without.
  [[ -n $(find "$artifacts/native/cuda" -name '*.fatbin' -print -quit 2>/dev/null) ]] || rm -f "$stamps/native"
  build_part native "native code" build_native
}
