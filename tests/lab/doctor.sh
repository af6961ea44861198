#!/usr/bin/env bash
# doctor in a running lab: sound areas pass; an address that Slurm lost is named and told again by --fix; a record that was lost is
# written again; a cloud node sees names forward and backward.
. "$(dirname "$0")/lib.sh" "$@"
up
cli=/usr/libexec/spillway/spillway
doctor() { on ctl:slurm $cli doctor "$@" -o json || true; }
codes() { doctor "$@" | python3 -c 'import json,sys; print(*sorted({f["code"] for f in json.load(sys.stdin)["findings"] if f["health"] == "bad"}))'; }
sound() { [ -z "$(codes "$@")" ]; }
job=$(submit -p cloud --wrap 'sleep 300')
eventually 60 "the job runs" running "$job"
node=$(on ctl squeue -h -o %N -j "$job")
eventually 30 "nothing wrong with aws, names, Slurm and clocks" sound aws dns slurm time

address=$(on ctl scontrol show node "$node" | sed -n 's/.*NodeAddr=\([^ ]*\).*/\1/p')
on ctl:root scontrol update nodename="$node" nodeaddr=172.31.255.9
equal "$(codes slurm)" SPW-SLURM-037 "an address that Slurm lost"
on ctl:slurm $cli doctor slurm --fix >/dev/null || fail "doctor slurm --fix"
equal "$(on ctl scontrol show node "$node" | sed -n 's/.*NodeAddr=\([^ ]*\).*/\1/p')" "$address" "the address told again"

on ctl:root sh -c "printf 'server 192.168.10.10\nzone example.com\nupdate delete $node.example.com A\nsend\n' | nsupdate -k /etc/spillway/keys/ddns"
case " $(codes dns) " in *" SPW-DNS-034 "*) ;; *) fail "a lost record: got '$(codes dns)'" ;; esac
on ctl:slurm $cli doctor dns --fix >/dev/null || true # resolvers may remember for 5 s
eventually 20 "the record is there again" sound dns

on ctl scancel "$job"
other=$(submit -p cloud -w "$node" --ntasks 1 --wrap 'sleep 60')
eventually 60 "a job that leaves room" running "$other"
seen=$(on ctl:root $cli doctor dns time --on "$node" -o json 2>&1 || true)
grep -q "$node sees [1-9][0-9]* names forward and backward" <<<"$seen" || fail "as the node sees it: $seen"
