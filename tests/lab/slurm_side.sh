#!/usr/bin/env bash
# Slurm's side of apply: one Include, a backup, a restart that answers; a line that would kill slurmctld is refused by the
# second one that tries it, and nothing is touched.
. "$(dirname "$0")/lib.sh" "$@"
up
read -r access secret < <(lab status -o json | python3 -c 'import json,sys; e=json.load(sys.stdin)["endpoint"]; print(e["access_key"], e["secret_key"])')
cli=/usr/libexec/spillway/spillway
apply() { on ctl:root env "AWS_ACCESS_KEY_ID=$access" "AWS_SECRET_ACCESS_KEY=$secret" $cli apply --yes --no-input "$@"; }
# As a site is before Spillway: slurm.conf knows nothing of the cloud.
on ctl:root sed -i '/cloud-c5/d; /^ResumeProgram\|^SuspendProgram\|^ResumeFailProgram\|^PrologSlurmctld\|^SuspendTime\|^ResumeTimeout/d' /etc/slurm/slurm.conf
on ctl:root sh -c 'cat >/etc/spillway/restart <<"SH"
#!/bin/sh
pkill -x slurmctld; while pgrep -x slurmctld >/dev/null; do sleep 0.1; done
exec setsid /usr/sbin/slurmctld </dev/null >/dev/null 2>&1
SH
chmod 755 /etc/spillway/restart
sed -i "s|^site: {|site: {slurm_restart: [/etc/spillway/restart], suspend_time: 2s, suspend_timeout: 1s, resume_timeout: 60s, |" /etc/spillway/spillway.yaml'
equal "$(on ctl:root grep -c cloud-c5 /etc/slurm/slurm.conf || true)" 0 "cloud nodes in slurm.conf before"
plan=$(on ctl:root env "AWS_ACCESS_KEY_ID=$access" "AWS_SECRET_ACCESS_KEY=$secret" $cli plan)
grep -q '^+ Include spillway.conf' <<<"$plan" || fail "plan does not show the Include: $plan"
apply >/dev/null || fail "apply"
equal "$(on ctl:root grep -c '^Include spillway.conf' /etc/slurm/slurm.conf)" 1 "one Include"
on ctl:root sh -c 'ls /etc/slurm/slurm.conf.spillway-*' >/dev/null || fail "no backup"
equal "$(on ctl:root sh -c 'scontrol show config | sed -n "s/^SuspendExcNodes *= *//p"')" op1 "nodes that stay on"
grep -q 'No changes' < <(apply) || fail "a second apply changes something"
job=$(submit -p cloud --wrap hostname)
eventually 60 "a job runs in the partition that apply made" completed "$job"
# A partition line that slurmctld 22.05 dies of.
before=$(on ctl:root cat /etc/slurm/slurm.conf /etc/slurm/spillway.conf)
on ctl:root sed -i 's/"MaxTime": "12:00:00"/"MaxTime": "12:00:00", "DefMemPerCPU": "nonsense"/' /etc/spillway/partitions.json
! apply >/tmp/refused 2>&1 || fail "a bad partition line is applied"
grep -q SPW-SITE-018 /tmp/refused || fail "not refused by the trial: $(cat /tmp/refused)"
equal "$(on ctl:root cat /etc/slurm/slurm.conf /etc/slurm/spillway.conf)" "$before" "the files after the refusal"
on ctl scontrol ping | grep -q UP || fail "slurmctld does not answer"

# destroy takes Slurm's part out again before anything on AWS goes.
on ctl:root sed -i 's/, "DefMemPerCPU": "nonsense"//' /etc/spillway/partitions.json
on ctl:root env "AWS_ACCESS_KEY_ID=$access" "AWS_SECRET_ACCESS_KEY=$secret" $cli destroy --yes --no-input --with-data --with-nodes >/tmp/destroyed 2>&1 || fail "destroy: $(cat /tmp/destroyed)"
equal "$(on ctl:root grep -c 'Include spillway\|spillway:\|#spillway#' /etc/slurm/slurm.conf || true)" 0 "what destroy leaves of ours in slurm.conf"
! on ctl:root test -e /etc/slurm/spillway.conf || fail "spillway.conf stays"
on ctl scontrol ping | grep -q UP || fail "slurmctld does not answer after destroy"
! on ctl scontrol show node cloud-c5-0 >/dev/null 2>&1 || fail "slurmctld still knows cloud nodes"
