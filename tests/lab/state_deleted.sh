#!/usr/bin/env bash
# state.db is deleted while a job runs: the job goes on, its machine is known again and goes when it is no longer needed.
. "$(dirname "$0")/lib.sh" "$@"
up
job=$(submit -p cloud -N 2 --wrap 'sleep 15')
eventually 30 "the job runs" running "$job"
before=$(lab status -o json | python3 -c 'import json,sys; print(sorted(i["id"] for i in json.load(sys.stdin)["instances"]))')
on ctl:root sh -c 'rm -f /var/lib/spillway/state.db*'
sleep 5   # time in which a confused daemon would do harm
equal "$(lab status -o json | python3 -c 'import json,sys; print(sorted(i["id"] for i in json.load(sys.stdin)["instances"]))')" "$before" "instances after the loss"
running "$job" || fail "the job no longer runs"
eventually 60 "the job completes" completed "$job"
equal "$(on ctl scontrol -o show job "$job" | grep -o 'Restarts=[0-9]*')" Restarts=0 "restarts of the job"
eventually 60 "its machines are off" no_instances
