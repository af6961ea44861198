#!/bin/sh
# The node's agent (share/bootstrap/agent.sh) with a clock that only sleep moves, and stand-ins for what it calls. Each case says
# what the world is like, and after how many seconds the node shut itself down, or "stays".
set -u
agent=$1/share/bootstrap/agent.sh
failures=0

# run NAME EXPECTED: uses the variables that a case sets; the functions are in a subshell of their own.
run() {
  got=$(
    node=c5-1 cluster=u alone_limit=600 controllers=10.0.0.1:6817 t=1000
    say() { :; }
    # shellcheck disable=SC1090
    . "$agent"
    date() { echo $t; }
    sleep() { t=$((t + $1)); [ $t -lt 6000 ] || { echo "stays${told:+ $told}"; exit; }; }
    mktemp() { echo "$dir"; }
    renew_token() { :; }
    busy() { [ "$steps" = yes ] || { [ "$steps" = until-2000 ] && [ $t -lt 2000 ]; }; }
    metadata() { [ "$1" = "$notice" ] && echo '{"action": "terminate", "time": "2026-11-23T09:00:00Z"}' >"$dir/0"; }
    json_text() { value=2026-11-23T09:00:00Z; }
    scontrol() {
      case $1 in
        ping) [ $t -lt "$controller_until" ] && echo 'Slurmctld(primary) at ctl is UP' ;;
        *) echo "$*" >>"$dir/said" ;;
      esac
    }
    fetch() { [ "$lease" != unreadable ] && echo "{\"schema\": \"spillway.lease/v1\", \"renewed_at_s\": $lease}" >"$2"; }
    shutdown() { echo "ends after $((t - 1000)) s"; exit; }
    rm() { :; }
    watch_over
  )
  if [ "$got" = "$2" ]; then
    echo "ok    $1"
  else
    echo "WRONG $1: want '$2', got '$got'"
    failures=$((failures + 1))
  fi
}
dir=$(mktemp -d)
steps=no notice=none controller_until=99999 lease=99999999
run 'somebody is there' stays
controller_until=0
run 'slurmctld is out of reach' 'ends after 622 s'
steps=yes
run 'slurmctld is out of reach and a job runs' stays
steps=until-2000
run 'the job ends later' 'ends after 1002 s'
steps=no controller_until=99999 lease=1000
run 'nobody renews the lease' 'ends after 722 s'
lease=unreadable
run 'the lease cannot be read: that proves nothing' stays
steps=yes lease=1000
run 'an old lease and a job that runs' stays
steps=no lease=99999999 notice=meta-data/spot/instance-action
run 'a spot notice' 'stays |spot interruption at 2026-11-23T09:00:00Z|'
notice=meta-data/events/recommendations/rebalance
run 'a rebalance recommendation' 'stays |rebalance recommended|'
command grep -q 'nodename=c5-1 state=drain reason=spillway: spot interruption at 2026-11-23T09:00:00Z' "$dir/said" ||
  { echo 'WRONG Slurm was not told of the notice'; failures=$((failures + 1)); }
command rm -rf "$dir"
[ $failures = 0 ]
