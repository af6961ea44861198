#!/bin/sh
# slurmd's Prolog on a cloud node, as root, after the one that makes the user and the folders: fetches the job's inputs. A job whose
# inputs do not come must not run: it is requeued and held. The exit code is always 0, or Slurm would drain the node.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
[ -r /etc/spillway/node.json ] || exit 0
id=$SLURM_JOB_ID
scontrol write batch_script "$id" - 2>/dev/null | grep -Eq '^#(SPILLWAY|BB_LUA)[[:space:]]+stage_' || exit 0
spillway data stage fetch --job "$id" --timeout "${SPILLWAY_FETCH_S:-3600}" >>/var/log/spillway-node.log 2>&1 && exit 0
scontrol update "jobid=$id" "comment=spillway: the inputs did not come; see /var/log/spillway-node.log on $(hostname)"
scontrol requeuehold "$id"
exit 0
