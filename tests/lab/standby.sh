#!/usr/bin/env bash
# Two gateways on AWS. The first dies: the premises send to the second, which takes the nodes' routes; jobs go on.
. "$(dirname "$0")/lib.sh" "$@"
cli=/usr/libexec/spillway/spillway
up --vpn standby --nodes 4
state() { on gw-onprem cat /run/spillway/tunnel.json | python3 -c "import json,sys; print(json.load(sys.stdin)['$1'])"; }
carrier() { on gw-onprem wg show wg-spillway allowed-ips | awk '$2 != "(none)" { print $1 }'; }
job=$(submit -p cloud -N 1 --wrap 'sleep 40; srun hostname')
eventually 120 'the job runs' running "$job"
address=$(on ctl scontrol -o show nodes | sed -n 's/.*NodeAddr=\(172[^ ]*\).*/\1/p')
crosses() { on ctl ping -n -c 1 -W 1 "$address"; }
eventually 10 'the node answers' crosses
first=$(carrier)

ask '{"op": "signal", "name": "gw-aws", "signal": 9}' >/dev/null
began=$SECONDS
lost() { ! crosses; }
eventually 10 'the first gateway is gone' lost
eventually 60 'the node answers through the second' crosses
echo "from the first gateway's death to an answer through the second: $((SECONDS - began)) s"
[ "$(carrier)" != "$first" ] || fail 'the premises send to the first still'
equal "$(state state)" up 'the tunnel'
eventually 90 'the job completed' completed "$job"
