#!/usr/bin/env bash
# EC2 has room for one machine only: the other node's job waits, the cause can be read, and it runs when there is room again.
. "$(dirname "$0")/lib.sh" "$@"
up
lab break partial 1@c5.large >/dev/null
job=$(submit -p cloud --exclusive -a 1-2 --wrap 'sleep 30')
eventually 40 "one of two runs" sh -c "[ \"\$('$LAB' lab exec --state '$STATE' ctl -- squeue -h -r -t R -j $job | wc -l)\" = 1 ]"
told() { on ctl:slurm /usr/libexec/spillway/spillway status --events | grep InsufficientInstanceCapacity; }
eventually 20 "the cause is told" told
[ "$(instances)" -le 1 ] || fail "more machines than EC2 has"
# Nothing more can be had: Slurm is kept from trying one node after the other, each of which would go DOWN.
kept_away() { on ctl sinfo -h -N -o '%N %T %E' -p cloud | grep 'cloud-c5-[0-9]* drained.*nothing to be had for now'; }
eventually 90 "the group is drained while nothing of it can be had" kept_away
down=$(on ctl sinfo -h -N -o '%N %t' -p cloud | grep -c ' down' || true)
[ "$down" -le 2 ] || fail "$down nodes are DOWN, one after the other"
lab heal >/dev/null
both() { [ "$(accounted "$job" | sort | uniq -c | tr -s ' ')" = " 2 COMPLETED" ]; }
eventually 150 "both complete" both
eventually 60 "every machine is off" no_instances
