#!/usr/bin/env bash
# Two daemons started at once: one looks after the cluster, the other says so and leaves; a second beside a running one too.
. "$(dirname "$0")/lib.sh" "$@"
up
environment="HOME=/var/lib/spillway AWS_SHARED_CREDENTIALS_FILE=/var/lib/spillway/.aws/credentials AWS_REGION=us-east-1"
code=0
said=$(on ctl:slurm env $environment timeout 10 /usr/libexec/spillway/spillway daemon 2>&1) || code=$?
[ "$code" != 0 ] && [ "$code" != 124 ] || fail "a second daemon ran (exit code $code): $said"
grep -q 'SPW-FLEET-004' <<<"$said" || fail "the second daemon does not say why it leaves: $said"
ask '{"op": "signal", "name": "spillwayd", "signal": 9}' >/dev/null
left=$(on ctl:slurm sh -c "
  for n in 1 2; do (env $environment timeout 8 /usr/libexec/spillway/spillway daemon >/dev/null 2>&1; echo \$?) & done; wait")
equal "$(sort <<<"$left" | uniq -c | awk '$2 == 124 || $2 == 0 {print $1}')" 1 "daemons of two that stayed (exit codes: $left)"
ask '{"op": "daemon"}' >/dev/null
job=$(submit -p cloud --wrap hostname)
eventually 40 "a job after it all" completed "$job"
