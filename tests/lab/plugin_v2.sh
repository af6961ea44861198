#!/usr/bin/env bash
# A site of AWS Plugin for Slurm v2 with links in its programs' place, end to end. The third word: `hooks`, where the programs do
# everything, or `daemon`, where a daemon runs beside them.
. "$(dirname "$0")/lib.sh" "$@"
mode=$3
folder=/etc/slurm/aws
if [ "$mode" = daemon ]; then up --site plugin-v2; else up --site plugin-v2 --no-daemon; fi
aws() {
  lab status -o json | python3 -c '
import json, os, sys
end = json.load(sys.stdin)["endpoint"]
os.environ.update(AWS_ACCESS_KEY_ID=end["access_key"], AWS_SECRET_ACCESS_KEY=end["secret_key"], AWS_DEFAULT_REGION=end["region"], AWS_PAGER="")
os.execvp("aws", ["aws", "--endpoint-url", end["url"]] + sys.argv[1:])' "$@"
}
power() { on ctl sinfo -h -n "$1" -o %t | sort -u | tr -d '\n'; }
node_is() { [ "$(power "$1")" = "$2" ]; }

# Files: what generate_conf.py writes, by the plugin's rules.
written=$(on ctl cat $folder/slurm.conf.aws)
grep -qx 'ResumeProgram=/etc/slurm/aws/resume.py' <<<"$written" || fail "slurm.conf.aws lacks SlurmConf: $written"
grep -qx 'NodeName=cloud-c5-\[0-49\] State=CLOUD CPUs=2 RealMemory=3600 Weight=100' <<<"$written" || fail "no node line: $written"
grep -qx 'PartitionName=cloud Nodes=cloud-c5-\[0-49\] State=UP MaxTime=12:00:00' <<<"$written" || fail "no partition line: $written"
on ctl test -e $folder/gres.conf.aws || fail "no gres.conf.aws"

# A job on two nodes: launched with the site's own template, found by name, told to Slurm, tagged each with its own values.
job=$(submit -p cloud -N 2 --wrap 'srun -l hostname; sleep 8')
eventually 60 "the job runs" running "$job"
tagged() { [ "$(aws ec2 describe-instances --filters Name=tag:place,Values='*' --query 'length(Reservations[].Instances[])' --output text)" = 2 ]; }
eventually 20 "both instances have the group's tag" tagged
rows=$(aws ec2 describe-instances --query 'Reservations[].Instances[].[Tags[?Key==`Name`]|[0].Value,PrivateIpAddress,Tags[?Key==`place`]|[0].Value]' --output text | sort)
equal "$(cut -f1 <<<"$rows" | tr '\n' ' ')" "cloud-c5-0 cloud-c5-1 " "names of the instances"
while IFS=$'\t' read -r name address place; do
  equal "$place" "$name at $address" "the tag with placeholders"
  shown=$(on ctl scontrol -o show node "$name")
  grep -q " NodeAddr=$address NodeHostName=ip-${address//./-} " <<<"$shown" || fail "Slurm has another address for $name: $shown"
done <<<"$rows"
eventually 60 "the job completes" completed "$job"
eventually 60 "every machine is off" no_instances
eventually 60 "the nodes may be asked for again" node_is 'cloud-c5-[0-1]' 'idle~'

# An instance is lost while nobody looks. change_state.py, as cron runs it, or the daemon, finds out and the job runs again.
job=$(submit -p cloud --requeue --wrap 'sleep 6')
eventually 60 "the second job runs" running "$job"
lost=$(first_instance)
aws ec2 terminate-instances --instance-ids "$lost" >/dev/null
dead() { [ "$(aws ec2 describe-instances --instance-ids "$lost" --query 'Reservations[0].Instances[0].State.Name' --output text)" = terminated ]; }
eventually 20 "the instance is gone" dead
if [ "$mode" = hooks ]; then on ctl:slurm $folder/change_state.py || fail "change_state.py ends with $?"; fi
again() { [ "$(on ctl squeue -h -o %i -j "$job" 2>/dev/null)" != "" ] || completed "$job"; }
eventually 30 "the job is requeued" again
eventually 120 "the second job completes" completed "$job"
if [ "$mode" = hooks ]; then on ctl:slurm $folder/change_state.py || fail "change_state.py ends with $?"; fi
eventually 90 "every machine is off again" no_instances
eventually 90 "all nodes are at rest" node_is 'cloud-c5-[0-49]' 'idle~'
on ctl:slurm grep -q 'joined' /var/log/slurm/aws_plugin.log || fail "LogFileName has no story of it"
