#!/usr/bin/env bash
# The tunnel broken in each way that the catalogue of failures has: `vpn check` must name it, and the remedy that it tells must
# heal it. The time that healing took is printed. AWS's side is broken through its API, the premises' on its hosts.
. "$(dirname "$0")/lib.sh" "$@"
up
keys=$(lab status -o json | python3 -c 'import json,sys; e=json.load(sys.stdin)["endpoint"]; print(e["access_key"], e["secret_key"], e["url"])')
read -r access secret url <<<"$keys"
as_admin=(env "AWS_ACCESS_KEY_ID=$access" "AWS_SECRET_ACCESS_KEY=$secret")
cli=/usr/libexec/spillway/spillway
aws_cli() { AWS_ACCESS_KEY_ID=$access AWS_SECRET_ACCESS_KEY=$secret AWS_DEFAULT_REGION=us-east-1 aws --endpoint-url "$url" --output text "$@"; }
check() { on gw-onprem "${as_admin[@]}" $cli vpn check --aws -o json || true; }
codes() { check | python3 -c 'import json,sys; print(*sorted(f["code"] for f in json.load(sys.stdin)["findings"] if "code" in f))'; }
sound() { [ -z "$(codes)" ]; }
apply() { on ctl:root "${as_admin[@]}" $cli apply --yes --no-input >/dev/null 2>&1; }
interface_anew() { on gw-onprem sh -c 'wg-quick down /etc/spillway/wg-spillway.conf; wg-quick up /etc/spillway/wg-spillway.conf' >/dev/null 2>&1; }
on_router() { on vpc nft -f - <<<"$1"; }

# broken WHAT CODE BREAK... : breaks, and wants exactly this code named; then `heal` mends it, and nothing may be left.
broken() {
  local what=$1 code=$2
  shift 2
  "$@" >/dev/null
  equal "$(codes)" "$code" "$what"
  local began
  began=$(date +%s%N)
  heal
  eventually 40 "$what: healed" sound
  printf ' %-44s %s  healed in %.1f s\n' "$what" "$code" "$(python3 -c "print(($(date +%s%N) - $began) / 1e9)")"
}
eventually 20 "a tunnel without findings" sound
group=$(aws_cli ec2 describe-security-groups --filters Name=group-name,Values=spillway-lab-gateway --query 'SecurityGroups[0].GroupId')
gateway=$(aws_cli ec2 describe-instances --filters Name=tag:spillway:kind,Values=Gateway --query 'Reservations[0].Instances[0].InstanceId')
table=$(aws_cli ec2 describe-route-tables --filters Name=tag:spillway:kind,Values=ComputeRoutes --query 'RouteTables[0].RouteTableId')
peer=$(on gw-onprem wg show wg-spillway peers)

heal() { apply || fail "apply does not heal"; }
broken "security group closed" SPW-VPN-023 aws_cli ec2 revoke-security-group-ingress --group-id "$group" --protocol udp --port 51820 --cidr 0.0.0.0/0
broken "source/destination check on" SPW-VPN-027 aws_cli ec2 modify-instance-attribute --instance-id "$gateway" --source-dest-check
broken "no way to the premises in the VPC" SPW-VPN-028 aws_cli ec2 delete-route --route-table-id "$table" --destination-cidr-block 192.168.10.0/24

heal() { on_router 'delete table inet lab_break'; }
broken "MTU black hole" SPW-VPN-026 on_router 'table inet lab_break { chain prerouting { type filter hook prerouting priority -300; udp dport 51820 udp length > 1400 drop; }; }'
heal() { on gw-aws nft delete table inet lab_break; }
broken "a firewall inside the far gateway" SPW-VPN-025 on gw-aws nft -f - <<<'table inet lab_break { chain input { type filter hook input priority 0; iifname "wg-spillway" drop; }; }'

heal() { on ctl:root ip route del blackhole 10.200.0.0/24; }
broken "a host of the premises without the way back" SPW-VPN-029 on ctl:root ip route add blackhole 10.200.0.0/24

heal() { interface_anew; }
broken "wrong key of the far gateway" SPW-VPN-020 on gw-onprem sh -c "wg set wg-spillway peer $peer remove; wg set wg-spillway peer $(wg genkey | wg pubkey) allowed-ips 172.31.0.0/16"
broken "keepalive off" SPW-VPN-022 on gw-onprem wg set wg-spillway peer "$peer" persistent-keepalive 0

# The far gateway at another address than the one in use: a packet from the true one would correct it at once, so none gets through.
drop='table inet lab_break { chain prerouting { type filter hook prerouting priority -300; udp dport 51820 drop; }; }'
moved() { on_router "$drop"; on gw-onprem wg set wg-spillway peer "$peer" endpoint 203.0.113.7:51820; }
heal() { on_router 'delete table inet lab_break'; interface_anew; }
moved
case " $(codes) " in *" SPW-VPN-021 "*) ;; *) fail "endpoint moved: got '$(codes)'" ;; esac
heal
eventually 40 "endpoint moved: healed" sound
echo " the endpoint's address changed                 SPW-VPN-021  healed"

# Nothing comes through: a session that is there lives on for minutes, so it begins anew while UDP is dropped.
unheard() { on_router "$drop"; interface_anew; }
heal() { on_router 'delete table inet lab_break'; }
broken "UDP 51820 dropped on the way" SPW-VPN-024 unheard

# ---- names, by doctor
codes() { { on ctl:slurm $cli doctor dns -o json || true; } | python3 -c 'import json,sys; print(*sorted({f["code"] for f in json.load(sys.stdin)["findings"] if "code" in f}))'; }
job=$(submit -p cloud --wrap 'sleep 300')
eventually 30 "the job runs" running "$job"
eventually 30 "names without findings" sound

heal() { on ctl:root nft delete table inet lab_break; }
broken "name server unreachable" SPW-DNS-010 on ctl:root nft -f - <<<'table inet lab_break { chain input { type filter hook input priority 0; tcp dport 53 reject with tcp reset; }; }'

other_key() { on ctl:root sh -c 'cp -p /etc/spillway/keys/ddns /root/ddns; sed -i "s/secret \"./secret \"A/" /etc/spillway/keys/ddns; chown slurm /etc/spillway/keys/ddns'; }
heal() { on ctl:root cp -p /root/ddns /etc/spillway/keys/ddns; }
broken "the key is not the server's" SPW-DNS-013 other_key

lose_record() { on ctl:root sh -c "printf 'server 192.168.10.10\nzone example.com\nupdate delete cloud-c5-0.example.com A\nsend\n' | nsupdate -k /etc/spillway/keys/ddns"; }
heal() {  # the daemon looks when it starts, and every five minutes
  ask '{"op": "signal", "name": "spillwayd", "signal": 15}' >/dev/null
  eventually 20 "the daemon is back" ask '{"op": "daemon"}'
}
lose_record
case " $(codes) " in *" SPW-DNS-034 "*) ;; *) fail "a lost record: got '$(codes)'" ;; esac
heal
eventually 40 "a lost record: healed" sound
echo " a node's record lost                           SPW-DNS-034  healed"
