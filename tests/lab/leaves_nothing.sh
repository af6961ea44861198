#!/usr/bin/env bash
# Killing the lab's one process ends every process, namespace and mount of it, with instances running.
. "$(dirname "$0")/lib.sh" "$@"
# The namespaces of these processes, as kind:[inode].
namespaces_of() { for p in "$@"; do find "/proc/$p/ns" -type l -printf '%l\n' 2>/dev/null || true; done | sort -u; }
# The lab's own folder may grow, wherever it lies.
files() { { find /run /etc /var/lib /var/spool /home -xdev -path "$STATE" -prune -o -print 2>/dev/null || true; } | grep -v -E '/(dpkg|apt)/' | sort; }
lab down >/dev/null
own=$(namespaces_of $$)
mounts=$(md5sum </proc/self/mounts)
users=$(cat /etc/passwd /etc/group | md5sum)
links=$(ip -o link | wc -l)
files=$(files)
up
pid=$(lab status -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["pid"])')
job=$(submit -p cloud -N 2 --wrap 'sleep 60')
eventually 30 "the job runs" running "$job"
descendants=$(ps -e -o pid=,ppid= | awk -v root="$pid" '{parent[$1]=$2} END {for (p in parent) {q=p; while (q in parent && q!=root) q=parent[q]; if (q==root) print p}}')
[ "$(wc -w <<<"$descendants")" -gt 20 ] || fail "the lab has only $descendants: what follows would mean nothing"
made=$(comm -23 <(namespaces_of $descendants) <(echo "$own"))
[ "$(wc -l <<<"$made")" -gt 10 ] || fail "the lab has only the namespaces $made"
kill -9 "$pid"
gone() { for p in $descendants; do [ ! -e "/proc/$p" ] || return 1; done; }
eventually 10 "all of the lab's processes end" gone
equal "$(md5sum </proc/self/mounts)" "$mounts" "mounts of the host"
equal "$(cat /etc/passwd /etc/group | md5sum)" "$users" "users of the host"
equal "$(ip -o link | wc -l)" "$links" "network interfaces of the host"
new=$(comm -3 <(files) <(echo "$files"))
equal "$new" "" "files of the host that came or went"
settled() { [ -z "$(comm -12 <(echo "$made") <(namespaces_of $(ls /proc | grep -E '^[0-9]+$')))" ]; }
eventually 10 "all of the lab's namespaces end" settled
equal "$(lab down)" "no lab was up" "down after a kill"
