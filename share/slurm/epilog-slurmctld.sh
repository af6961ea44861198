#!/bin/sh
# EpilogSlurmctld, as SlurmUser: the job is over. Its results are fetched by a process that outlives this one, so that Slurm does not
# wait; should it be killed, the daemon starts another.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
program=${SPILLWAY_PROGRAM:-/usr/sbin/spillway}
case ${SLURM_JOB_EXIT_CODE2:-} in
  *:*) code=${SLURM_JOB_EXIT_CODE2%%:*} ;;
  *) code=-1 ;;
esac
# Ended by a signal: not a success.
case ${SLURM_JOB_EXIT_CODE2:-0:0} in *:0) ;; *) code=$((128 + ${SLURM_JOB_EXIT_CODE2##*:})) ;; esac
"$program" data stage ended --job "$SLURM_JOB_ID" --exit-code "$code" >/dev/null 2>&1
setsid "$program" data stage out --job "$SLURM_JOB_ID" </dev/null >/dev/null 2>&1 &
exit 0
