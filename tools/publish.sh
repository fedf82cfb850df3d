# shellcheck shell=bash disable=SC2154
# `./opsig publish FOLDER`: the program as a folder that runs on another Linux machine of this kind (x86-64, a C library at least
# as new), with nothing installed there: .NET, the native libraries, and what those need beyond a bare system. Sourced.

publish() {
  if (($# != 1)) || [[ $1 == -* ]]; then
    echo "usage: ./opsig publish FOLDER" >&2
    return 2
  elif [[ -e $1 && -n $(ls -A -- "$1") ]]; then
    echo "opsig: $1 is not empty." >&2
    return 2
  fi
  mkdir -p -- "$1" || return
  local to project log=$artifacts/logs/publish.log
  to=$(cd -- "$1" && pwd) || return
  echo "publishing to $to ..." >&2
  # In a tree of its own: a build for one platform would throw away what is built for development.
  # With the worker of bench/gpu/products.py, which shares everything but its own few classes.
  for project in managed/OpposingSignals.Cli bench/peers; do
    if ! (cd -- "$root" && dotnet publish "$project" -c Release -r linux-x64 --self-contained --disable-build-servers \
      -p:ArtifactsPath="$artifacts/publish" -p:DebugType=none -p:SatelliteResourceLanguages=en -o "$to") >"$log" 2>&1 </dev/null; then
      cat "$log" >&2
      return 1
    fi
  done
  copy_needed_libraries "$to"
}

# What the native libraries are linked with, unless every system has it. They look beside themselves first; see CMakeLists.txt.
copy_needed_libraries() {
  local system='linux-vdso|ld-linux|lib(c|m|mvec|dl|rt|pthread|stdc\+\+|gcc_s)\.so' library
  while read -r library; do
    cp -L -- "$library" "$1/" || return
  done < <(ldd "$1"/libopsig_*.so | grep -vE "$system" | awk -v own="$1/" '$2 == "=>" && index($3, own) != 1 { print $3 }' | sort -u)
}
