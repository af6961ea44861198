#!/usr/bin/env bash
# What a job's own user can do on a cloud node: no metadata service, no role, no munge key; a submit folder that does not exist
# there is made, and the job completes.
. "$(dirname "$0")/lib.sh" "$@"
up
job=$(on ctl sbatch --parsable -D /home/alice/project/run -p cloud -o /scratch/alice/out/%j.txt --wrap '
  id -un
  pwd
  curl -s -m 3 -o /dev/null -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token; echo "imds $?"
  cat /etc/munge/munge.key >/dev/null 2>&1; echo "key $?"
  ls /var/lib/cloud/instance/user-data.txt >/dev/null 2>&1 && head -c 1 /var/lib/cloud/instance/user-data.txt >/dev/null 2>&1; echo "user-data $?"
  sleep 30') || fail "sbatch"
eventually 30 "the job runs" running "$job"
instance=$(first_instance)
eventually 15 "the job's output" on "$instance" grep -q user-data "/scratch/alice/out/$job.txt"
output=$(on "$instance" cat "/scratch/alice/out/$job.txt")
equal "$(sed -n 1p <<<"$output")" alice "the job's user"
equal "$(sed -n 2p <<<"$output")" /home/alice/project/run "the job's folder"
equal "$(grep imds <<<"$output")" "imds 7" "the metadata service, as the job's user (7: curl could not connect)"
grep -q 'key 0' <<<"$output" && fail "a job's user reads the munge key"
grep -q 'user-data 0' <<<"$output" && fail "a job's user reads the user-data"
on "$instance" sh -c 'curl -sf -m 3 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token >/dev/null' ||
  fail "root does not reach the metadata service, so the refusal means nothing"
on ctl scancel "$job"
# A submit folder that is not made: with its output elsewhere the job runs in /tmp; else it fails, and its node stays in use.
short=$(on ctl sbatch --parsable -D /no/such/folder -o /home/alice/out.txt -p cloud --wrap 'pwd; sleep 1')
eventually 40 "a job with a missing submit folder completes" completed "$short"
lost=$(on ctl sbatch --parsable -D /no/such/folder -p cloud --wrap pwd)
failed() { [ "$(accounted "$lost")" = FAILED ]; }
eventually 60 "a job whose output cannot be opened fails" failed
grep -q 'Reason=JobLaunchFailure' <<<"$(on ctl scontrol show job "$lost")" || fail "the job does not say why it failed"
[ -z "$(on ctl sinfo -h -R -o %n)" ] || fail "a node is out of use: $(on ctl sinfo -R)"

# Nobody owns a folder that carries another's name, or that others will look into.
on ctl sbatch --parsable -D /home/bob -o /home/alice/a.txt -p cloud -w cloud-c5-0 --wrap 'sleep 20' >/dev/null
thief=$(on ctl sbatch --parsable -D /data/shared -o /home/alice/b.txt -p cloud -w cloud-c5-0 --wrap 'sleep 20')
eventually 40 "alice's job in other people's folders" running "$thief"
on cloud-c5-0 sh -c '[ ! -e /home/bob ] && [ ! -e /data ]' || fail "alice owns a folder that is not hers: $(on cloud-c5-0 ls -la /home /data)"
on ctl scancel -u alice
owner=$(on ctl:bob sbatch --parsable -p cloud -w cloud-c5-0 -o /home/bob/out.txt -D /home/bob --wrap 'stat -c %U:%a "$HOME"; sleep 20')
eventually 60 "bob's job runs" running "$owner"
eventually 20 "bob's output" on cloud-c5-0 test -s /home/bob/out.txt
equal "$(on cloud-c5-0 cat /home/bob/out.txt)" bob:700 "bob's home"
