#!/bin/sh
# Spillway's user-data: turns a fresh instance into the cloud node that it was launched to be. It runs once, as root.
# It needs sh, curl, openssl, nft, munged and slurmd, the metadata service, S3's gateway endpoint and the tunnel. It holds
# no secret: who this instance is comes from its tag, and its key from a prefix that only this instance may read.
set -u
umask 022
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cluster='@CLUSTER@'
region='@REGION@'
host='@BUCKET@.s3.@REGION@.@DNS_SUFFIX@'
role_id='@ROLE_ID@'
controllers='@CONTROLLERS@'
limit='@JOIN_LIMIT_S@'
alone_limit='@ALONE_S@'
intent='' instance='' node='' epoch=''
#include aws.sh
#include agent.sh

# ---- who am I
try=0
until renew_token && metadata meta-data/instance-id meta-data/local-ipv4 meta-data/tags/instance/spillway:intent &&
  instance=$(cat "$scratch/0") && address=$(cat "$scratch/1") && intent=$(cat "$scratch/2") && load_credentials; do
  wait_a_little $try 'metadata, intent tag or role credentials'
  try=$((try + 1))
done
case $instance in i-*[!0-9a-f]* | i-) give_up "strange instance id $instance" ;; i-*) ;; *) give_up 'no instance id' ;; esac
case $intent in *[!A-Za-z0-9_.-]* | '') give_up "strange intent $intent" ;; esac

# The launch document binds each instance of one launch to its node; it is published after the launch was answered.
binding() {
  fetch "/$cluster/launches/$intent.json" "$scratch/launch" || return 1
  text=$(tr -d ' \t\r\n' <"$scratch/launch")
  json_text cluster "$text" && [ "$value" = "$cluster" ] || return 1
  mine=${text#*\""$instance"\":\{}
  [ "$mine" != "$text" ] || return 1
  mine=${mine%%\}*}
  json_text node "$mine" && node=$value || return 1
  epoch=${mine#*\"epoch\":}
  epoch=${epoch%%[!0-9]*}
  case $node in *[!A-Za-z0-9.-]*) give_up "strange node name $node" ;; esac
  [ -n "$epoch" ]
}
try=0
until binding; do
  wait_a_little $try "launch document $intent with $instance (last answer $code)"
  try=$((try + 1))
done
say "$instance is $node, epoch $epoch"

# ---- my way to the premises, where each node is the tunnel's end@TUNNEL@

# ---- my key
released() {
  (umask 077 && fetch "/$cluster/release/$role_id%3A$instance/munge.key" "$scratch/munge.key") || return 1
  [ "$(wc -c <"$scratch/munge.key")" -ge 32 ]
}
try=0
until released; do
  wait_a_little $try 'the released key'
  try=$((try + 1))
done
install -d -o munge -g munge -m 700 /etc/munge /var/log/munge
install -o munge -g munge -m 400 "$scratch/munge.key" /etc/munge/munge.key || give_up 'cannot install the munge key'
rm -rf "$scratch"

hostname "$node"
echo "$node" >/etc/hostname
echo "$address $node" >>/etc/hosts

# ---- from here on, jobs may come: the metadata service, and with it the role, is root's alone
nft -f - <<'RULES' || give_up 'cannot close the metadata service to job users'
table inet spillway {
  chain output {
    type filter hook output priority 0; policy accept;
    meta skuid != 0 ip daddr 169.254.169.254 reject
    meta skuid != 0 ip6 daddr fd00:ec2::254 reject
  }
}
RULES

# ---- what a job expects of home: made by slurmd's Prolog, which must not fail, or Slurm drains the node
install -d -m 755 /etc/spillway /etc/spillway/prolog.d /var/spool/slurmd /var/log/slurm /run/slurm
# What programs on the node know of it; nothing of it is secret.
printf '{"cluster":"%s","bucket":"%s","region":"%s","role_id":"%s","instance":"%s","node":"%s"}\n' \
  "$cluster" '@BUCKET@' "$region" "$role_id" "$instance" "$node" >/etc/spillway/node.json
cat >/etc/spillway/prolog.d/10-spillway <<'PROLOG'
#!/bin/sh
# Runs as root before a job's first step on this node. The job's user and folders may not exist here: they are made, on the
# node's own disk.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
uid=${SLURM_JOB_UID:-} gid=${SLURM_JOB_GID:-} user=${SLURM_JOB_USER:-}
case $uid in '' | *[!0-9]*) exit 0 ;; esac
case $gid in '' | *[!0-9]*) gid=$uid ;; esac
[ "$uid" -ge 1000 ] || exit 0
case $user in '' | *[!A-Za-z0-9._-]* | [0-9]*) user=u$uid ;; esac
exec 9>/run/spillway-prolog.lock
flock 9
getent group "$gid" >/dev/null || echo "$user:x:$gid:" >>/etc/group
getent passwd "$uid" >/dev/null || echo "$user:x:$uid:$gid::/home/$user:/bin/sh" >>/etc/passwd
# Makes what the user may make, and as root only folders that carry the user's name, /home/alice or /scratch/alice: whoever else
# owned a folder of such a name could put files before the user's own. Nothing is made in the system's own folders.
make_folder() {
  case $1 in *%* | */../* | */..) return ;; /*) ;; *) return ;; esac
  [ ! -e "$1" ] || return
  as_user mkdir -p -- "$1" 2>/dev/null && return
  case $1/ in *"/$user/"*) ;; *) return ;; esac
  path=$1/
  top=${path%%"/$user/"*}
  case $top/ in / | /bin/* | /boot/* | /dev/* | /etc/* | /home/?* | /lib* | /proc/* | /root/* | /run/* | /sbin/* | /sys/* | /usr/* | /var/*) return ;; esac
  up=$top
  while [ ! -e "$up" ]; do up=$(dirname -- "$up"); done
  [ "$(realpath -- "$up")" = "$up" ] && [ "$(stat -c %u -- "$up")" = 0 ] || return
  mkdir -p -- "$top"
  mkdir -m 700 -- "$top/$user" 2>/dev/null && chown "$uid:$gid" -- "$top/$user"
  as_user mkdir -p -- "$1" 2>/dev/null
}
as_user() { setpriv --reuid "$uid" --regid "$gid" --clear-groups "$@"; }
make_folder "/home/$user"
if [ "$(stat -c %u -- "/home/$user")" != "$uid" ]; then
  echo "spillway: /home/$user is not $user's" >&2
  exit 1
fi
make_folder "${SLURM_JOB_WORK_DIR:-}"
for file in "${SLURM_JOB_STDOUT:-}" "${SLURM_JOB_STDERR:-}"; do
  case $file in /*/*) make_folder "$(dirname -- "$file")" ;; esac
done
exit 0
PROLOG
chmod 755 /etc/spillway/prolog.d/10-spillway

# ---- join
install -d -o munge -g munge -m 755 /run/munge
install -d -o munge -g munge -m 711 /var/lib/munge
munged --stop >/dev/null 2>&1
setpriv --reuid munge --regid munge --init-groups munged || give_up 'munged does not start'
try=0
until munge -n >/dev/null 2>&1; do
  wait_a_little $try 'munged'
  try=$((try + 1))
done
try=0
until slurmd -N "$node" --conf-server "$controllers" -b; do
  wait_a_little $try 'slurmctld across the tunnel'
  try=$((try + 1))
done
say "$node: slurmd runs"
watch_over </dev/null >>/var/log/spillway-node.log 2>&1 &
