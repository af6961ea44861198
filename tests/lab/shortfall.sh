#!/usr/bin/env bash
# EC2 has room for one machine only: the other node's job waits, the cause can be read, and it runs when there is room again.
. "$(dirname "$0")/lib.sh" "$@"
up
ask '{"op": "faults", "faults": [{"effect": "capacity", "type": "c5.large", "limit": 1}]}' >/dev/null
job=$(submit -p cloud --exclusive -a 1-2 --wrap 'sleep 6')
eventually 40 "one of two runs" sh -c "[ \"\$('$LAB' lab exec --state '$STATE' ctl -- squeue -h -r -t R -j $job | wc -l)\" = 1 ]"
told() { on ctl:slurm /usr/libexec/spillway/spillway status --events | grep -q InsufficientInstanceCapacity; }
eventually 20 "the cause is told" told
[ "$(instances)" -le 1 ] || fail "more machines than EC2 has"
ask '{"op": "faults", "faults": []}' >/dev/null
both() { [ "$(accounted "$job" | sort | uniq -c | tr -s ' ')" = " 2 COMPLETED" ]; }
eventually 120 "both complete" both
eventually 60 "every machine is off" no_instances
