#!/usr/bin/env bash
# What a job's own user can do on a cloud node: no metadata service, no role, no munge key; a submit folder that does not exist
# there is made, and the job completes.
. "$(dirname "$0")/lib.sh" "$@"
up
job=$(on ctl sbatch --parsable -D /home/alice/project/run -p cloud -o /scratch/out/%j.txt --wrap '
  id -un
  pwd
  curl -s -m 3 -o /dev/null -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token; echo "imds $?"
  cat /etc/munge/munge.key >/dev/null 2>&1; echo "key $?"
  ls /var/lib/cloud/instance/user-data.txt >/dev/null 2>&1 && head -c 1 /var/lib/cloud/instance/user-data.txt >/dev/null 2>&1; echo "user-data $?"
  sleep 30') || fail "sbatch"
eventually 30 "the job runs" running "$job"
instance=$(first_instance)
eventually 15 "the job's output" on "$instance" grep -q user-data "/scratch/out/$job.txt"
output=$(on "$instance" cat "/scratch/out/$job.txt")
equal "$(sed -n 1p <<<"$output")" alice "the job's user"
equal "$(sed -n 2p <<<"$output")" /home/alice/project/run "the job's folder"
equal "$(grep imds <<<"$output")" "imds 7" "the metadata service, as the job's user (7: curl could not connect)"
grep -q 'key 0' <<<"$output" && fail "a job's user reads the munge key"
grep -q 'user-data 0' <<<"$output" && fail "a job's user reads the user-data"
on "$instance" sh -c 'curl -sf -m 3 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token >/dev/null' ||
  fail "root does not reach the metadata service, so the refusal means nothing"
on ctl scancel "$job"
short=$(on ctl sbatch --parsable -D /no/such/folder -p cloud --wrap 'pwd; sleep 1')
eventually 40 "a job with a missing submit folder completes" completed "$short"
