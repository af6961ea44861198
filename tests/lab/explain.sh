#!/usr/bin/env bash
# `job explain` of a job that waits for capacity, of one that runs, of one that has ended, and of one that Slurm knows no more;
# `node drain` and `node reset`.
. "$(dirname "$0")/lib.sh" "$@"
up
cli=/usr/libexec/spillway/spillway
explain() { on ctl:slurm $cli job explain "$@"; }
says() { explain "$1" | grep -E -- "$2" >/dev/null; }
events() { explain "$1" -o json | python3 -c '
import json, sys
told = json.load(sys.stdin)
assert told["schema"] == "spillway.job-explain/v1", told
times = [entry["at"] for entry in told["timeline"]]
assert times == sorted(times), times
print(*dict.fromkeys(entry["event"] for entry in told["timeline"]))'; }

ask '{"op": "faults", "faults": [{"effect": "capacity", "type": "*", "limit": 0}]}' >/dev/null
job=$(submit -p cloud --wrap 'sleep 5')
eventually 40 "the job that waits is told what for" says "$job" 'next .*waiting for capacity: .*InsufficientInstanceCapacity'
says "$job" 'shortfall .*InsufficientInstanceCapacity' || fail "no shortfall in: $(explain "$job")"
node=$(explain "$job" -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["nodes"][0]["node"])')
failed() { on ctl:slurm $cli node ls | grep -E "^$node +failed" >/dev/null; }
eventually 60 "the node is failed: EC2 has had nothing for too long" failed
ask '{"op": "faults", "faults": []}' >/dev/null
on ctl:slurm $cli node reset "$node" --dry-run | grep "^would reset $node" >/dev/null || fail "node reset --dry-run"
failed || fail "a dry run changed something"
on ctl:slurm $cli node reset "$node" | grep "^reset $node" >/dev/null || fail "node reset"
eventually 90 "the job runs" says "$job" 'next +nothing: the job is running'
events "$job" | grep 'submitted .*resume .*launched .*bound .*addressed .*joined' >/dev/null ||
  fail "the timeline of a running job: $(events "$job")"
says "$job" 'ec2 +launch time' || fail "EC2 is not in: $(explain "$job")"
eventually 60 "the job completes" completed "$job"
eventually 60 "every machine is off" no_instances
says "$job" 'slurm +ended .*COMPLETED, exit code 0' || fail "the end is not in: $(explain "$job")"
says "$job" 'next +nothing: the job completed' || fail "an ended job: $(explain "$job")"
events "$job" | grep 'joined .*terminate terminated' >/dev/null || fail "the machine's end: $(events "$job")"

# Neither slurmctld nor slurmdbd can be asked; the journal remembers.
on ctl:slurm env SPILLWAY_CLUSTER_SLURM_BIN=/nonexistent $cli job explain "$job" >/tmp/explain.$$ 2>&1 || fail "the journal alone: $(cat /tmp/explain.$$)"
grep -q '^job .* unknown' /tmp/explain.$$ && grep -q 'slurmdbd was not seen' /tmp/explain.$$ && grep -q 'journal  joined' /tmp/explain.$$ ||
  fail "the journal alone: $(cat /tmp/explain.$$)"
rm /tmp/explain.$$
! on ctl:slurm $cli job explain 999999 2>/dev/null || fail "a job that nobody knows"

on ctl:slurm $cli node drain "$node" --reason "a look inside" -o json | grep '"schema": "spillway.node-drain/v1"' >/dev/null || fail "node drain"
on ctl scontrol show node "$node" | grep 'DRAIN' >/dev/null || fail "the node is not drained"
on ctl scontrol show node "$node" | grep 'Reason=a look inside' >/dev/null || fail "the reason is not Slurm's"
