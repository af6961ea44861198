# Sourced by ./demo and ./check: installs what share/packages lists and this machine lacks. Sets `as_root` to the words that
# run a command as root (nothing when we are root).
as_root=()
prepare() {  # prepare WHY LIST...: WHY is told when sudo is needed
  local why=$1 package missing=()
  shift
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "error: this needs root for $why, and there is no sudo: run it as root" >&2; exit 1; }
    echo "Using sudo for $why."
    as_root=(sudo)
  fi
  [ -e /etc/debian_version ] && command -v apt-get >/dev/null || { echo "error: this needs Debian 12; elsewhere, install what share/packages names by hand" >&2; exit 1; }
  while read -r package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done < <(for list in "$@"; do cat "share/packages/$list.txt"; done | sort -u)
  [ ${#missing[@]} = 0 ] && return
  echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  # Nothing that a package brings may start by itself: the lab starts what it needs, in its own namespaces.
  local policy=/usr/sbin/policy-rc.d own_policy=
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
    "${as_root[@]}" chmod 755 $policy
    own_policy=1
  fi
  local log
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get update -q &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -5 "$log" >&2
    [ -z "$own_policy" ] || "${as_root[@]}" rm -f $policy
    echo "error: the packages could not be installed (whole log: $log)" >&2
    exit 1
  fi
  [ -z "$own_policy" ] || "${as_root[@]}" rm -f $policy
  rm -f "$log"
}

build() {  # build PRESET [TARGET...]: configures once, builds, shows the compiler's words only when it fails
  local preset=$1 log
  shift
  log=build/$preset.log
  mkdir -p build
  [ -e "build/$preset/build.ninja" ] || cmake --preset "$preset" >"$log" 2>&1 || { tail -20 "$log" >&2; exit 1; }
  if [ -t 1 ]; then
    ninja -C "build/$preset" "$@" || exit 1
  else
    ninja -C "build/$preset" "$@" >"$log" 2>&1 || { grep -E -A12 'error|FAILED|undefined' "$log" | head -60 >&2; exit 1; }
  fi
}
