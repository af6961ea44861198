#!/usr/bin/env bash
# The contract of slurm::Controller, asked of Debian's slurmctld: munge and slurmctld alone in namespaces of their own,
# with three cloud nodes whose hooks do nothing. Given: the program slurm_test.
set -euo pipefail
if [ "${2:-}" != inside ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  unshare --mount --net --pid --uts --ipc --fork --kill-child --mount-proc "$0" "$1" inside "$work"
  exit
fi
test_program=$1 work=$3

mount -t tmpfs none /run
mount -t tmpfs none /var/log
mkdir -p "$work"/{slurm,state} /run/munge /var/log/munge
chown munge:munge /run/munge /var/log/munge
chmod 755 /run/munge "$work"
ip link set lo up
ip address add 192.0.2.1/32 dev lo # getaddrinfo ignores loopback addresses when it asks what the host speaks
hostname ctl
printf '127.0.0.1 localhost ctl\n' >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts

printf '#!/bin/sh\nexit 0\n' >"$work/slurm/hook"
chmod 755 "$work/slurm/hook"
cat >"$work/slurm/slurm.conf" <<END
ClusterName=contract
SlurmctldHost=ctl(127.0.0.1)
SlurmUser=root
StateSaveLocation=$work/state
SlurmctldPidFile=/run/slurmctld.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
PrivateData=cloud
SlurmctldParameters=idle_on_node_suspend,power_save_interval=1,cloud_reg_addrs
SuspendTime=100
SuspendTimeout=2
ResumeTimeout=60
ResumeRate=0
SuspendRate=0
ResumeProgram=/etc/slurm/hook
SuspendProgram=/etc/slurm/hook
NodeName=cloud-c5-[0-2] CPUs=2 RealMemory=500 State=CLOUD
PartitionName=cloud Nodes=ALL Default=YES
END
mount --bind "$work/slurm" /etc/slurm

setpriv --reuid munge --regid munge --clear-groups /usr/sbin/munged --force
/usr/sbin/slurmctld -D >/var/log/slurmctld.out 2>&1 &
for ((i = 0; i < 100; ++i)); do
  if scontrol ping >/dev/null 2>&1; then break; fi
  sleep 0.1
done
SPILLWAY_CONTRACT_NODES='cloud-c5-[0-2]' "$test_program" --gtest_filter='*ControllerContract*/Slurm' |
  tee /var/log/contract.out || { tail -n 30 /var/log/slurmctld.out; exit 1; }
grep -q 'PASSED.* 9 tests' /var/log/contract.out
