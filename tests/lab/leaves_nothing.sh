#!/usr/bin/env bash
# Killing the lab's one process ends every process, namespace and mount of it, with instances running.
. "$(dirname "$0")/lib.sh" "$@"
count_namespaces() { find /proc/[0-9]*/ns -type l -printf '%l\n' 2>/dev/null | sort -u | wc -l; }
lab down >/dev/null
namespaces=$(count_namespaces)
mounts=$(md5sum </proc/self/mounts)
users=$(cat /etc/passwd /etc/group | md5sum)
links=$(ip -o link | wc -l)
files=$(find /run /etc /var/lib /var/spool /home /tmp -xdev 2>/dev/null | grep -v -E '^/tmp/|/dpkg/' | sort | md5sum)
up
pid=$(lab status -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["pid"])')
job=$(submit -p cloud -N 2 --wrap 'sleep 60')
eventually 30 "the job runs" bash -c "[ \"\$('$LAB' lab exec --state '$STATE' ctl -- squeue -h -o %T -j $job)\" = RUNNING ]"
inside=$(find /proc/[0-9]*/ns/pid -lname "$(readlink "/proc/$pid/ns/pid")" 2>/dev/null | wc -l)
[ "$inside" -gt 10 ] || fail "only $inside processes in the lab: the count below would mean nothing"
descendants=$(pgrep -g 0 -f nothing-like-this || true; ps -e -o pid=,ppid= | awk -v root="$pid" '{parent[$1]=$2} END {for (p in parent) {q=p; while (q in parent && q!=root) q=parent[q]; if (q==root) print p}}')
kill -9 "$pid"
gone() { for p in $descendants; do [ ! -e "/proc/$p" ] || return 1; done; }
eventually 10 "all of the lab's processes end" gone
equal "$(md5sum </proc/self/mounts)" "$mounts" "mounts of the host"
equal "$(cat /etc/passwd /etc/group | md5sum)" "$users" "users of the host"
equal "$(ip -o link | wc -l)" "$links" "network interfaces of the host"
equal "$(find /run /etc /var/lib /var/spool /home /tmp -xdev 2>/dev/null | grep -v -E '^/tmp/|/dpkg/' | sort | md5sum)" "$files" "files of the host"
settled() { [ "$(count_namespaces)" -le "$namespaces" ]; }
eventually 10 "all namespaces end" settled
equal "$(lab down)" "no lab was up" "down after a kill"
