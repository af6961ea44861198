#!/usr/bin/env bash
# vpn.mode: node. No gateway stands on AWS; each node ends the tunnel by itself, and is a peer while it lives, also when the
# daemon was killed meanwhile.
. "$(dirname "$0")/lib.sh" "$@"
cli=/usr/libexec/spillway/spillway
up --vpn node --nodes 4
peers() { on gw-onprem wg show wg-spillway peers | wc -l; }
peers_are() { [ "$(peers)" = "$1" ]; }

equal "$(peers)" 0 'peers before the first job'
grep -q TunnelRole "$STATE/log/apply.log" || fail 'apply made no role for the premises'
! grep -q 'GatewayAddress' "$STATE/log/apply.log" || fail 'apply made a gateway'
job=$(submit -p cloud -N 2 --wrap 'srun hostname; sleep 5')
eventually 120 'the job runs' running "$job"
equal "$(peers)" 2 'peers while two nodes run'
on gw-onprem wg show wg-spillway allowed-ips | awk '{ if (NF != 2 || $2 !~ /^172\.31\..*\/32$/) exit 1 }' || fail 'a peer has more than its address'
on gw-onprem $cli vpn check >/dev/null || fail "vpn check: $(on gw-onprem $cli vpn check 2>&1 || true)"
# The node speaks from its own address: Slurm talks to it and it to Slurm, without translation on the way.
addresses=$(on ctl scontrol -o show nodes | sed -n 's/.*NodeAddr=\(172[^ ]*\).*/\1/p')
equal "$(echo "$addresses" | wc -l)" 2 'addresses in Slurm'
for address in $addresses; do on ctl ping -n -c 1 -W 2 "$address" >/dev/null || fail "$address does not answer"; done

# The daemon dies; the nodes go meanwhile as always, and no peer is left.
ask '{"op": "signal", "name": "spillwayd", "signal": 9}' >/dev/null
eventually 60 'the job ended' job_ended "$job"
ask '{"op": "daemon"}' >/dev/null
eventually 120 'no instances' no_instances
eventually 20 'no peers' peers_are 0
echo 'nodes were peers while they lived'
