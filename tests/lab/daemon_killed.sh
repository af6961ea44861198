#!/usr/bin/env bash
# kill -9 of the daemon while EC2 is answering a launch: after a restart no node is lost, none has two machines.
. "$(dirname "$0")/lib.sh" "$@"
up
ask '{"op": "faults", "faults": [{"operation": "CreateFleet", "effect": "delay", "ms": 2000, "count": 1}]}' >/dev/null
job=$(submit -p cloud -N 2 --wrap 'srun hostname; sleep 3')
asked() { on ctl:slurm /usr/libexec/spillway/spillway status --events | grep -q 'launch '; }
eventually 20 "the launch is journaled" asked
ask '{"op": "signal", "name": "spillwayd", "signal": 9}' >/dev/null
equal "$(instances)" 0 "instances when the daemon died: EC2 was still thinking"
launched() { [ "$(instances)" = 2 ]; }
eventually 10 "EC2 made them all the same" launched
ask '{"op": "daemon"}' >/dev/null
eventually 60 "the job completes" completed "$job"
bound=$(on ctl:slurm /usr/libexec/spillway/spillway status --events -o json | python3 -c '
import json, sys
events = json.load(sys.stdin)["events"]
bound = [(e["node"], e["instance"]) for e in events if e["event"] == "bound"]
print(len(bound), len(set(n for n, _ in bound)), len(set(i for _, i in bound)))')
equal "$bound" "2 2 2" "bindings, nodes, instances"
eventually 60 "every machine is off" no_instances
