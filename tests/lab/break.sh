#!/usr/bin/env bash
# What `lab break` breaks is felt by those whom it concerns; `lab heal`, or the end of --for, mends it.
. "$(dirname "$0")/lib.sh" "$@"
up
broken() { lab break -o json | python3 -c 'import json,sys; print(*(b["what"] for b in json.load(sys.stdin)["broken"]))'; }
nothing_broken() { [ -z "$(broken)" ]; }
refused() {  # refused CODE ARGUMENT...
  local code=$1 told
  shift
  told=$(lab "$@" 2>&1) && fail "$* is not refused"
  case $told in *"$code"*) ;; *) fail "$*: got '$told', want $code" ;; esac
}
equal "$(broken)" "" "nothing is broken at first"
refused SPW-LAB-016 break spot-notise cloud-c5-0
refused SPW-LAB-017 break spot-notice
refused SPW-LAB-009 break spot-notice cloud-c5-7
refused SPW-LAB-018 heal capacity
refused SPW-LAB-020 break capacity --for soon
lab break | grep '^  capacity ' >/dev/null || fail "no list of what can be broken"

# ---- AWS
lab break capacity 'c5.*' >/dev/null
job=$(submit -p cloud --wrap 'sleep 300')
shortage() { on ctl scontrol show node cloud-c5-0 | grep InsufficientInstanceCapacity; }
eventually 40 "the shortage reaches the node" shortage
no_instances || fail "instances in spite of the shortage"
lab heal capacity >/dev/null
eventually 120 "the job runs once it is healed" running "$job"

node=$(on ctl squeue -h -o %N -j "$job")
lab break spot-notice "$node" >/dev/null
metadata='token=$(curl -sX PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token)
  curl -sf -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/'
on "$node:root" sh -c "${metadata}spot/instance-action" | grep '"action": *"terminate"' >/dev/null || fail "no notice in the metadata"
lab break imds-silent "$node" >/dev/null
on "$node:root" sh -c "${metadata}instance-id" && fail "the metadata service speaks"
equal "$(broken)" "imds-silent spot-notice" "what is broken"
lab heal >/dev/null
on "$node:root" sh -c "${metadata}instance-id" >/dev/null || fail "the metadata service is silent still"
nothing_broken || fail "something is left: $(broken)"

# Whoever saw the notice drains that node: what follows has another job.
on ctl scancel "$job"
job=$(submit -p cloud --wrap 'sleep 600')
eventually 120 "another job runs" running "$job"
node=$(on ctl squeue -h -o %N -j "$job")

# ---- the network: each way is closed while it is broken, and open again afterwards
reaches() { on ctl ping -c 1 -W 1 "$(on ctl getent hosts "$node" | cut -d' ' -f1)" >/dev/null 2>&1; }
cut_off() { ! reaches; }
eventually 20 "the node is reached" reaches
for what in tunnel security-group firewall wrong-key unplugged; do
  target=()
  [ $what != unplugged ] || target=("$node")
  lab break $what "${target[@]}" >/dev/null || fail "cannot break $what"
  [ $what = security-group ] || eventually 20 "$what: cut off" cut_off  # a session that is there lives on
  lab heal $what >/dev/null
  eventually 60 "$what: healed" reaches
done
for what in source-dest-check vpc-route return-route mtu keepalive endpoint address overlap dns dns-key; do
  lab break $what >/dev/null || fail "cannot break $what"
done
equal "$(broken)" "address dns dns-key endpoint keepalive mtu overlap return-route source-dest-check vpc-route" "what is broken"
lab heal >/dev/null
eventually 60 "all healed" reaches
lab break tunnel --for 1 >/dev/null
eventually 20 "mended by itself" nothing_broken
eventually 60 "reached again" reaches
