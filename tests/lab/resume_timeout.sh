#!/usr/bin/env bash
# A machine that never joins: after ResumeTimeout it is terminated, its node recovers, and the job runs elsewhere or later.
. "$(dirname "$0")/lib.sh" "$@"
up
on ctl:root sed -i 's/^ResumeTimeout=.*/ResumeTimeout=8/' /etc/slurm/slurm.conf
on ctl:root scontrol reconfigure
ask '{"op": "faults", "faults": [{"operation": "CreateFleet", "effect": "never_boots", "count": 1}]}' >/dev/null
job=$(submit -p cloud --wrap 'sleep 1')
one() { [ "$(instances)" = 1 ]; }
eventually 20 "the machine is launched" one
first=$(first_instance)
replaced() { ! lab status -o json | grep -q "$first"; }
eventually 60 "the machine that never joined is terminated" replaced
eventually 120 "the job completes" completed "$job"
eventually 60 "every machine is off" no_instances
