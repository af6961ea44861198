#!/usr/bin/env bash
# The tunnel broken in each way that the catalogue of failures has: `vpn check` must name it, and the remedy that it tells must
# heal it. The time that healing took is printed. AWS's side is broken through its API, the premises' on its hosts. Then the
# monitor, which heals by itself what a person need not know, and keys exchanged while packets cross.
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
interface_anew() { on gw-onprem sh -c 'wg-quick down wg-spillway; wg-quick up wg-spillway' >/dev/null 2>&1; }
monitored() { on gw-onprem grep -q '"state": *"up"' /run/spillway/tunnel.json; }
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
eventually 20 "a tunnel that the monitor calls up" monitored
equal "$(on gw-onprem $cli vpn status -o json | python3 -c 'import json,sys; s=json.load(sys.stdin); print(s["state"], s["monitored"])')" "up True" "vpn status"
on gw-onprem $cli vpn ping >/dev/null || fail "vpn ping"

# ---- named by vpn check: the monitor is stopped, or it would mend some of it first
ask '{"op": "signal", "name": "spillway-gateway", "signal": 15}' >/dev/null
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

# EC2 gives a stopped machine's work to nobody: apply makes another gateway, with the same key, at the same elastic address.
heal() { apply || fail "apply does not heal"; }
broken "gateway terminated" SPW-VPN-030 aws_cli ec2 terminate-instances --instance-ids "$gateway"
gateway=$(aws_cli ec2 describe-instances --filters Name=tag:spillway:kind,Values=Gateway Name=instance-state-name,Values=running --query 'Reservations[0].Instances[0].InstanceId')

moved_away() {
  other=$(aws_cli ec2 allocate-address --domain vpc --query AllocationId)
  aws_cli ec2 associate-address --allocation-id "$other" --instance-id "$gateway" --allow-reassociation
}
elsewhere() { aws_cli ec2 describe-addresses --allocation-ids "$other" --query 'Addresses[0].PublicIp'; }
give_back() {
  local association
  association=$(aws_cli ec2 describe-addresses --allocation-ids "$1" --query 'Addresses[0].AssociationId')
  [ "$association" = None ] || aws_cli ec2 disassociate-address --association-id "$association" >/dev/null
  aws_cli ec2 release-address --allocation-id "$1" >/dev/null
}
heal() { apply && give_back "$other" || fail "apply does not heal"; }
broken "gateway at another elastic address" SPW-VPN-021 moved_away

# ---- healed by the monitor, while a ping crosses every 100 ms
ask '{"op": "monitor"}' >/dev/null
eventually 20 "the monitor calls the tunnel up again" monitored
pinging() {
  on ctl ping -n -D -i 0.1 10.200.0.2 >"$STATE/ping" &
  pinger=$!
  sleep 2
}
# gap WHAT LIMIT: once something crosses again, ends the ping, prints the longest time without an answer, and fails past a limit
# that only a tunnel which nobody mends exceeds.
gap() {
  sleep 1
  eventually 60 "$1: crosses again" on ctl ping -c 3 -i 0.2 -W 1 10.200.0.2
  on ctl:root pkill -INT -x ping
  wait "$pinger" || fail "$1: nothing crossed"
  python3 - "$STATE/ping" "$1" "$2" <<'PYTHON'
import sys
at = [float(line[1:line.index("]")]) for line in open(sys.argv[1]) if "bytes from" in line]
gap = max(b - a for a, b in zip(at, at[1:]))
print(f" {sys.argv[2]:<44} largest gap {gap:.1f} s")
sys.exit(f"FAILED: {sys.argv[2]}: a gap of {gap:.1f} s" if gap > float(sys.argv[3]) else 0)
PYTHON
}
# As after a reboot: nothing in memory, nothing in /run, and the service starts.
reboot_far() {
  on gw-aws sh -s <<'REBOOT'
pkill -9 -f 'spillway-gateway run'
pkill -9 wireguard-go
rm -rf /run/spillway-gateway /run/wireguard
setsid /usr/local/sbin/spillway-gateway run >/dev/null 2>&1 </dev/null &
REBOOT
}
machine=$(on gw-aws pgrep -x wireguard-go)
pinging
reboot_far
gap "far gateway restarts" 12
[ "$(on gw-aws pgrep -x wireguard-go)" != "$machine" ] || fail "the far gateway did not restart"
eventually 20 "after the far gateway's restart" monitored

# Nobody told: WireGuard on the far gateway calls from its new address when its last packets were not answered for 15 s.
moved_away >/dev/null
began=$SECONDS
eventually 90 "the tunnel follows the far gateway to its new address" on ctl ping -c 1 -W 1 10.200.0.2
printf ' %-44s %s\n' "far gateway at another address, nobody told" "crosses again after $((SECONDS - began)) s"

# Told by a name: the monitor asks for it whenever nothing comes back.
name() { on ctl:root sh -c "printf 'server 192.168.10.10\nzone example.com\nupdate delete tunnel.example.com A\nupdate add tunnel.example.com 1 A $1\nsend\n' | nsupdate -k /etc/spillway/keys/ddns"; }
name "$(elsewhere)"
on ctl:root sed -i 's/^vpn: {/vpn: {aws_endpoint: "tunnel.example.com:51820", /' /etc/spillway/spillway.yaml
ask '{"op": "signal", "name": "spillway-gateway", "signal": 15}' >/dev/null
eventually 10 "the monitor reads the configuration anew" ask '{"op": "monitor"}'
eventually 20 "a tunnel to the name" monitored
first=$other
pinging
moved_away >/dev/null
name "$(elsewhere)"
gap "far gateway moves, its name follows" 12
give_back "$first"
on ctl:root sed -i 's/aws_endpoint: "tunnel.example.com:51820", //' /etc/spillway/spillway.yaml
heal >/dev/null
ask '{"op": "signal", "name": "spillway-gateway", "signal": 15}' >/dev/null
eventually 10 "the monitor reads the configuration anew" ask '{"op": "monitor"}'
eventually 40 "back at the address that apply gave" sound
eventually 20 "the monitor's word" monitored

# ---- keys are exchanged
rotate() { on gw-onprem "${as_admin[@]}" $cli vpn rotate --side "$1" -o json 2>"$STATE/rotate.log" | python3 -c 'import json,sys; print(json.load(sys.stdin)["public_key"])'; }
unchanged() { on ctl:root "${as_admin[@]}" $cli plan --exit-code >/dev/null 2>&1; }
on gw-onprem "${as_admin[@]}" $cli vpn rotate --dry-run >/dev/null || fail "rotate --dry-run"
near=$(on gw-onprem wg show wg-spillway public-key) far=$(on gw-onprem wg show wg-spillway peers)

pinging
fresh=$(rotate onprem) || fail "rotate: $(cat "$STATE/rotate.log")"
gap "the premises' key is exchanged" 8
[ "$fresh" != "$near" ] || fail "the key is the old one"
equal "$(on gw-onprem wg show wg-spillway public-key)" "$fresh" "our key"
forgotten() { [ "$(on gw-aws wg show wg-spillway peers)" = "$fresh" ]; }
eventually 20 "the far gateway knows the new key and no other" forgotten
unchanged || fail "apply would change something after a rotation of ours"

pinging
fresh=$(rotate aws) || fail "rotate --side aws: $(cat "$STATE/rotate.log")"
gap "the far gateway's key is exchanged" 8
[ "$fresh" != "$far" ] || fail "the key is the old one"
equal "$(on gw-aws wg show wg-spillway public-key)" "$fresh" "the far gateway's key"
equal "$(on gw-onprem wg show wg-spillway peers)" "$fresh" "our peers"
equal "$(aws_cli ssm describe-parameters --query 'length(Parameters)')" 2 "parameters"
unchanged || fail "apply would change something after a rotation of theirs"
interface_anew
eventually 20 "wg-quick's file has the new key" sound

# The far gateway follows nothing for a while: neither rotation can complete, and both go back.
on gw-aws pkill -STOP -f 'spillway-gateway run'
near=$(on gw-onprem wg show wg-spillway public-key) far=$fresh
for side in onprem aws; do
  rotate $side >/dev/null 2>&1 && fail "a rotation without the far gateway"
  grep -q SPW-VPN-012 "$STATE/rotate.log" || fail "no roll-back: $(cat "$STATE/rotate.log")"
  eventually 20 "the tunnel as it was" on ctl ping -c 1 -W 1 10.200.0.2
  equal "$(on gw-onprem wg show wg-spillway public-key) $(on gw-onprem wg show wg-spillway peers)" "$near $far" "the keys as they were"
  printf ' %-44s %s\n' "rotate --side $side, the far gateway deaf" "SPW-VPN-012  rolled back"
done
on gw-aws pkill -CONT -f 'spillway-gateway run'
unchanged || fail "apply would change something after a roll-back"
eventually 20 "a tunnel without findings after all" sound

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
