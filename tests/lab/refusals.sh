#!/usr/bin/env bash
# What a lab refuses, with which code and exit code, and that it leaves nothing half done.
. "$(dirname "$0")/lib.sh" "$@"
refused() {  # refused CODE EXIT COMMAND...
  local code=$1 want=$2 got=0 text
  shift 2
  text=$("$@" 2>&1 >/dev/null) || got=$?
  grep -q "error\[$code\]" <<<"$text" || fail "no $code from $*: $text"
  grep -q '^  why  .' <<<"$text" && grep -q '^  fix  .' <<<"$text" || fail "no why or no fix from $*: $text"
  equal "$got" "$want" "exit code of $*"
}
lab down >/dev/null
copy=$(mktemp -d)   # the checkout may lie where nobody else can go
install -m 755 "$LAB" "$copy/spillway-lab"
install -m 755 "$(dirname "$LAB")/spillway" "$copy/spillway"
chmod 755 "$copy"
trap 'rm -rf "$copy"; lab down >/dev/null' EXIT
refused SPW-LAB-001 1 setpriv --reuid 65534 --clear-groups "$copy/spillway-lab" lab up --state "$copy"
rm "$copy/spillway"
refused SPW-LAB-011 1 "$copy/spillway-lab" lab up --state "$STATE"
mkdir "$copy/theirs" "$copy/theirs/log"
touch "$copy/theirs/log/important"
refused SPW-LAB-014 1 "$LAB" lab up --state "$copy/theirs"
[ -e "$copy/theirs/log/important" ] || fail "lab up deletes what it did not make"
refused SPW-CLI-001 2 "$LAB" lab exec --state "$STATE"
refused SPW-GEN-004 1 "$LAB" lab demo --state "$STATE" --report "$copy/no/such/report.json"
refused SPW-LAB-006 1 "$LAB" lab exec --state "$STATE" ctl -- true
refused SPW-LAB-006 1 "$LAB" lab status --state "$STATE"
python3 -c 'import socket,time; s=socket.socket(); s.bind(("127.0.0.1",0)); s.listen(); print(s.getsockname()[1],flush=True); time.sleep(60)' >"$copy/port" &
holder=$!
until [ -s "$copy/port" ]; do sleep 0.05; done
refused SPW-LAB-005 1 "$LAB" lab up --state "$STATE" --port "$(cat "$copy/port")"
kill "$holder"
refused SPW-LAB-006 1 "$LAB" lab status --state "$STATE"
lab up >/dev/null
refused SPW-LAB-004 1 "$LAB" lab up --state "$STATE"
refused SPW-LAB-001 1 setpriv --reuid 65534 --clear-groups "$copy/spillway-lab" lab exec --state "$STATE" ctl -- true
refused SPW-GEN-002 1 on ctl spillway status
refused SPW-LAB-010 126 on ctl:nobodyx id
refused SPW-LAB-010 127 on ctl no-such-program
refused SPW-FLEET-009 1 on ctl:root spillway reconcile
refused SPW-LAB-009 1 "$LAB" lab exec --state "$STATE" nowhere -- true
equal "$(on ctl sh -c 'exit 7' || echo $?)" 7 "an exit code from inside"
equal "$(on ctl sh -c '[ x,y = z ] || echo other; [ 1 = 1 ]')" other "a script in brackets from outside"
equal "$(echo through | on ctl cat)" through "standard input"
equal "$(on ctl id -un)" alice "who runs on ctl"
equal "$(on gw-aws id -un)" root "who runs on a gateway"
equal "$(on ctl:bob id -un)" bob "--user"
# An interrupted `lab up` leaves no lab, nor does a demo that is killed.
lab down >/dev/null
"$LAB" lab up --state "$STATE" >/dev/null 2>&1 &
sleep 0.3
kill -9 $!
ended() { { lab status 2>&1 || true; } | grep -q SPW-LAB-006; }
eventually 20 "the lab of a killed 'lab up' ends" ended
"$LAB" lab demo --state "$STATE" >/dev/null 2>&1 &
demo=$!
is_up() { lab status >/dev/null; }
eventually 20 "the demo's lab is up" is_up
kill -9 $demo
eventually 5 "the lab of a killed demo ends" ended
lab up >/dev/null
equal "$(lab down)" "lab is down; nothing of it runs" "down"
equal "$(lab down)" "no lab was up" "down again"
