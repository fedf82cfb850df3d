# shellcheck shell=bash
# Installs Debian packages that are missing. Sourced by the launcher and the benches.

# Prints the packages among PACKAGE=PROBE... whose probe, a command or the path of a file, is not there. Probes rather than
# dpkg: they cost no process, and a tool that was installed by other means counts.
missing_packages() {
  local pair probe
  for pair in "$@"; do
    probe=${pair#*=}
    case $probe in
      /*) [[ -e $probe ]] || echo "${pair%%=*}" ;;
      *) command -v "$probe" >/dev/null || echo "${pair%%=*}" ;;
    esac
  done
}

# Installs what is missing among PACKAGE=PROBE...; where this user may not, prints the command to run and returns 2.
install_packages() {
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0

  local command="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  if ! command -v apt-get >/dev/null; then
    echo "opsig: missing, and there is no apt-get to install with: ${missing[*]} (Debian's package names)." >&2
    return 2
  elif ((EUID != 0)) && ! { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }; then
    echo "opsig: packages are missing. Run as root:  $command" >&2
    return 2
  elif ((EUID != 0)); then
    as_root=(sudo -n)
  fi

  echo "installing ${missing[*]} ..." >&2
  local install=(
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
    apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}")
  local log
  log=$(mktemp)
  # An empty or outdated package list makes the first try fail; only then is it worth fetching a new one.
  if ! "${install[@]}" >"$log" 2>&1 </dev/null &&
    ! { "${as_root[@]}" apt-get update && "${install[@]}"; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    echo "opsig: the packages could not be installed. As root:  $command" >&2
    return 2
  fi
  rm -f "$log"
}
