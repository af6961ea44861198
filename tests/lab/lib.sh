# Sourced by the lab's scenarios. LAB is the program spillway-lab, STATE the folder of its caches, both given by ctest.
set -euo pipefail
LAB=$1
STATE=$2
lab() {
  local verb=$1
  shift
  "$LAB" lab "$verb" --state "$STATE" "$@"
}
on() {  # on HOST[:USER] COMMAND...
  local host=${1%%:*} user=()
  [[ $1 != *:* ]] || user=(--user "${1#*:}")
  shift
  "$LAB" lab exec --state "$STATE" "${user[@]}" "$host" -- "$@"
}
fail() {
  echo "FAILED: $*" >&2
  show_logs >&2
  exit 1
}
show_logs() {
  local file
  for file in "$STATE"/log/{lab,spillwayd,slurmctld}.log; do
    [ ! -s "$file" ] || { echo "== $file"; tail -n 25 "$file"; }
  done
  for file in "$STATE"/log/i-*.log; do
    [ ! -s "$file" ] || { echo "== $file"; tail -n 8 "$file"; }
  done
}
# eventually SECONDS WHAT COMMAND...: the command succeeds within that time.
eventually() {
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || fail "not in time: $what"
    sleep 0.2
  done
}
equal() { [ "$1" = "$2" ] || fail "$3: got '$1', want '$2'"; }
# submit OPTIONS...: prints the job's id. Runs as alice, from her home.
submit() { on ctl sbatch --parsable -D /home/alice "$@"; }
running() { [ "$(on ctl squeue -h -o %T -j "$1" 2>/dev/null | sort -u)" = RUNNING ]; }
job_ended() { [ -z "$(on ctl squeue -h -j "$1" 2>/dev/null)" ]; }
accounted() { on ctl sacct -X -n -P -o State -j "$1"; }   # sacct's word
completed() { [ "$(accounted "$1")" = COMPLETED ]; }
instances() { lab status -o json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)["instances"]))'; }
no_instances() { [ "$(instances)" = 0 ]; }
first_instance() { lab status -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["instances"][0]["id"])'; }
ask() { python3 "$(dirname "${BASH_SOURCE[0]}")/ask.py" "$STATE" "$1"; }  # a question to the lab, in JSON
up() {
  lab down >/dev/null
  trap 'lab down >/dev/null' EXIT
  lab up "$@" >/dev/null || fail "the lab does not come up"
}
