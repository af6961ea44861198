#!/bin/sh
# Spillway's recipe of an image for cloud nodes: turns a stock Debian, Ubuntu or Amazon Linux into one that share/bootstrap's
# scripts find all their tools in, with Slurm of the controller's version. `spillway image build` runs it as user-data of a
# builder; `spillway image recipe` prints it, so that Packer can run it too (as root, then take the image itself).
# It leaves no key, no host key, no machine id and no log behind, and puts none of the site's data into the image.
set -u
umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/sbin:/sbin:/bin"
slurm_version='@SLURM_VERSION@'       # YEAR.MONTH of the controller: slurmd may not be newer
slurm_source='@SLURM_SOURCE@'         # URL of SchedMD's slurm-*.tar.bz2; empty: the distribution's packages
slurm_sha256='@SLURM_SHA256@'         # of that file
builder='@BUILDER@'                   # yes: tell the end on the console, and power off
root=${SPILLWAY_IMAGE_ROOT:-}         # where the files go; empty: this machine
limit=2700                            # s, after which a builder that hangs turns itself off
log=$root/var/log/spillway-image.log

# The builder is seen by what it writes to its serial console.
say() {
  echo "spillway-image: $*"
  [ "$builder" != yes ] || [ ! -w /dev/console ] || echo "spillway-image: $*" >/dev/console
}
end() {
  [ "$builder" != yes ] || poweroff || shutdown -h now
  exit "$1"
}
fail() {
  tail -n 5 "$log" 2>/dev/null | while IFS= read -r line; do say "log: $line"; done
  say "failed: $*"
  end 1
}
# step WHAT COMMAND...: runs it, its output in the log.
step() {
  what=$1
  shift
  say "step: $what"
  "$@" >>"$log" 2>&1 || fail "$what"
}

mkdir -p "$root/var/log"
: >"$log"
if [ "$builder" = yes ]; then
  (sleep $limit && poweroff) &
fi

# ---- packages
if command -v apt-get >/dev/null; then
  install_packages() { apt-get install -q -y --no-install-recommends "$@"; }
  refresh() { apt-get update -q; }
  packaged_slurm() { apt-cache policy slurmd | sed -n 's/^ *Candidate: *//p'; }
  base='ca-certificates chrony curl iproute2 munge nftables openssl wireguard-tools'
  slurm='slurmd slurm-client'
  build='bzip2 gcc g++ libc6-dev libdbus-1-dev libhwloc-dev libmunge-dev make perl pkg-config'
elif command -v dnf >/dev/null; then
  install_packages() { dnf install -q -y "$@"; }
  refresh() { dnf makecache -q; }
  packaged_slurm() { dnf -q list --available slurm-slurmd 2>/dev/null | sed -n 's/^slurm-slurmd[^ ]* *//p'; }
  base='ca-certificates chrony iproute munge nftables openssl wireguard-tools'
  slurm='slurm-slurmd slurm'
  build='bzip2 dbus-devel gcc gcc-c++ hwloc-devel make munge-devel perl'
else
  fail 'neither apt-get nor dnf is here'
fi
try=0
until refresh >>"$log" 2>&1; do
  try=$((try + 1))
  [ $try -lt 12 ] || fail 'no package list: has the subnet a way to the internet?'
  sleep 5
done
# shellcheck disable=SC2086  # lists of words
step 'packages' install_packages $base

# ---- Slurm of the controller's version
if [ -n "$slurm_source" ]; then
  # shellcheck disable=SC2086
  step 'tools to build Slurm' install_packages $build
  step 'Slurm source' curl -fsSL --retry 5 -o /tmp/slurm.tar.bz2 "$slurm_source"
  echo "$slurm_sha256  /tmp/slurm.tar.bz2" | sha256sum -c >>"$log" 2>&1 || fail 'the Slurm source is not the one whose SHA-256 was given'
  mkdir -p /tmp/slurm
  step 'unpack Slurm' tar -xjf /tmp/slurm.tar.bz2 -C /tmp/slurm --strip-components=1
  compile_slurm() (cd /tmp/slurm && ./configure --prefix=/usr --sysconfdir=/etc/slurm && make -j "$(nproc)" && make install && ldconfig)
  step 'build Slurm' compile_slurm
  rm -rf /tmp/slurm /tmp/slurm.tar.bz2
  getent passwd slurm >/dev/null || useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin slurm
else
  offered=$(packaged_slurm)
  case ${offered#*:} in
    "$slurm_version".* | "$slurm_version"-*) ;;
    *) fail "the distribution has Slurm ${offered:-of no version}, the controller $slurm_version: name --slurm-source and --slurm-sha256" ;;
  esac
  # shellcheck disable=SC2086
  step 'Slurm' install_packages $slurm
fi
installed=$(slurmd -V 2>/dev/null)
installed=${installed#* }
case $installed in
  "$slurm_version".* | "$slurm_version"-*) ;;
  *) fail "slurmd says '$installed', not $slurm_version" ;;
esac

# ---- time, as EC2 tells it over the link-local address, without a way to the internet
mkdir -p "$root/etc/chrony" "$root/etc/slurm"
conf=$root/etc/chrony/chrony.conf
[ ! -e "$root/etc/chrony.conf" ] || conf=$root/etc/chrony.conf
cat >"$conf" <<'CHRONY' || fail 'chrony.conf'
server 169.254.169.123 prefer iburst minpoll 4 maxpoll 4
driftfile /var/lib/chrony/chrony.drift
makestep 1.0 3
rtcsync
leapsectz right/UTC
CHRONY
for unit in chrony chronyd; do systemctl enable "$unit" >>"$log" 2>&1 && break; done || fail 'chrony is not enabled'

# ---- what the bootstrap starts itself, once it knows which node it is
for unit in munge slurmd; do systemctl disable --now "$unit" >>"$log" 2>&1; done

# ---- what an image must not carry
rm -f "$root/etc/munge/munge.key" "$root/etc/slurm/slurm.conf" "$root"/etc/ssh/ssh_host_*_key "$root"/etc/ssh/ssh_host_*_key.pub \
  "$root/root/.bash_history"
[ ! -e "$root/etc/machine-id" ] || : >"$root/etc/machine-id"
! command -v apt-get >/dev/null || apt-get clean >>"$log" 2>&1
command -v cloud-init >/dev/null && cloud-init clean --logs >>"$log" 2>&1
say "done: slurm $installed"
rm -f "$log"
sync
end 0
