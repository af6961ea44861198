#!/usr/bin/env bash
# Tunnel and names broken by `lab break` in each way that the catalogue of failures has: `vpn check` or `doctor` must name it, and
# the remedy that it tells, or `lab heal`, must heal it. The time that healing took is printed behind the row of the catalogue.
# Between them the monitor, which heals by itself what a person need not know, and keys exchanged while packets cross.
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

# healed ROW WHAT CODE BEGAN: once there are no findings any more, prints how long that took.
healed() {
  eventually 60 "$1 $2: healed" sound
  printf ' %s %-44s %s  healed in %.1f s\n' "$1" "$2" "$3" "$(python3 -c "print(($(date +%s%N) - $4) / 1e9)")"
}
# named CODE: exactly this code is told, or what the pattern matches.
named() { case $(codes) in $1) ;; *) return 1 ;; esac }
# broken ROW CODE "NAME [TARGET]" [REMEDY]: lab break breaks it, and it is named; then the remedy mends it, or lab heal does, and
# nothing may be left.
broken() {
  local row=$1 code=$2 what=$3 remedy=${4:-} began
  lab break $what >/dev/null || fail "$row $what: cannot be broken"
  eventually 60 "$row $what: named $code" named "$code"
  began=$(date +%s%N)
  ${remedy:-lab heal ${what%% *}} >/dev/null || fail "$row $what: $remedy does not heal"
  healed "$row" "$what" "${code//\*/}" "$began"
  [ -z "$remedy" ] || lab heal "${what%% *}" >/dev/null || fail "$row $what: cannot be healed"
}
eventually 20 "a tunnel without findings" sound
eventually 20 "a tunnel that the monitor calls up" monitored
equal "$(on gw-onprem $cli vpn status -o json | python3 -c 'import json,sys; s=json.load(sys.stdin); print(s["state"], s["monitored"])')" "up True" "vpn status"
on gw-onprem $cli vpn ping >/dev/null || fail "vpn ping"

# ---- named by vpn check: the monitor is stopped, or it would mend some of it first
ask '{"op": "signal", "name": "spillway-gateway", "signal": 15}' >/dev/null
broken row_051 "*SPW-VPN-021*" endpoint
broken row_051 SPW-VPN-021 address apply
broken row_052 SPW-VPN-022 keepalive
broken row_053 SPW-VPN-026 mtu
broken row_054 SPW-VPN-020 wrong-key
broken row_055 SPW-VPN-027 source-dest-check apply
broken row_055 SPW-VPN-028 vpc-route apply
broken row_055 SPW-VPN-029 return-route
broken row_057 SPW-VPN-023 security-group apply
broken row_057 SPW-VPN-025 firewall
broken row_057 "SPW-VPN-02[45]" tunnel

# Networks on both sides: refused, whatever one asks for.
lab break overlap >/dev/null
for command in "plan" "vpn check"; do
  told=$(on gw-onprem "${as_admin[@]}" $cli $command 2>&1) && fail "row_056 overlap: $command accepts it"
  grep -q SPW-VPN-005 <<<"$told" || fail "row_056 overlap: $command says '$told'"
done
began=$(date +%s%N)
lab heal overlap >/dev/null
healed row_056 overlap SPW-VPN-005 "$began"

# EC2 gives a stopped machine's work to nobody: apply makes another gateway, with the same key, at the same elastic address.
gateway() { aws_cli ec2 describe-instances --filters Name=tag:spillway:kind,Values=Gateway Name=instance-state-name,Values=running --query 'Reservations[0].Instances[0].InstanceId'; }
aws_cli ec2 terminate-instances --instance-ids "$(gateway)" >/dev/null
equal "$(codes)" SPW-VPN-030 "gateway terminated"
began=$(date +%s%N)
apply || fail "apply does not heal"
healed row_057 "gateway terminated" SPW-VPN-030 "$began"

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
elsewhere() { aws_cli ec2 describe-addresses --filters "Name=instance-id,Values=$(gateway)" --query 'Addresses[0].PublicIp'; }
home=$(elsewhere)
lab break address >/dev/null
began=$SECONDS
followed() { on gw-onprem wg show wg-spillway endpoints | grep -q "$(elsewhere):" && on ctl ping -c 1 -W 1 10.200.0.2; }
eventually 90 "the tunnel follows the far gateway to its new address" followed
printf ' row_051 %-40s %s\n' "far gateway at another address, untold" "crosses again after $((SECONDS - began)) s"
lab heal address >/dev/null
eventually 90 "the tunnel follows it back" followed
eventually 60 "the monitor's word" monitored

# Told by a name: the monitor asks for it whenever nothing comes back.
name() { on ctl:root sh -c "printf 'server 192.168.10.10\nzone example.com\nupdate delete tunnel.example.com A\nupdate add tunnel.example.com 1 A $1\nsend\n' | nsupdate -k /etc/spillway/keys/ddns"; }
monitor_anew() {
  ask '{"op": "signal", "name": "spillway-gateway", "signal": 15}' >/dev/null
  eventually 10 "the monitor starts again" ask '{"op": "monitor"}'
}
name "$home"
on ctl:root sed -i 's/^vpn: {/vpn: {aws_endpoint: "tunnel.example.com:51820", /' /etc/spillway/spillway.yaml
monitor_anew
eventually 20 "a tunnel to the name" monitored
pinging
lab break address >/dev/null
name "$(elsewhere)"
gap "row_051 far gateway moves, its name follows" 12
pinging
lab heal address >/dev/null
name "$home"
gap "row_051 and moves back" 12

# The tunnel begins before the name server does: the monitor asks again until there is an answer.
lab break endpoint >/dev/null
lab break dns >/dev/null
monitor_anew
named "*SPW-VPN-031*" || fail "row_058 tunnel before DNS: got '$(codes)'"
began=$(date +%s%N)
lab heal >/dev/null
eventually 60 "row_058: the tunnel is up" monitored
healed row_058 "tunnel before DNS" SPW-VPN-031 "$began"
on ctl:root sed -i 's/aws_endpoint: "tunnel.example.com:51820", //' /etc/spillway/spillway.yaml
monitor_anew
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

node=$(on ctl squeue -h -o %N -j "$job")
daemon_anew() {  # it looks at names when it starts, and every five minutes
  ask '{"op": "signal", "name": "spillwayd", "signal": 15}' >/dev/null
  eventually 20 "the daemon is back" ask '{"op": "daemon"}'
}
fix() { on ctl:slurm $cli doctor dns --fix >/dev/null; }
text_of() { on ctl dig +short @192.168.10.10 "$1.example.com" TXT; }
broken row_059 SPW-DNS-014 dns-clock
broken row_060 SPW-DNS-010 dns
broken row_060 SPW-DNS-013 dns-key
broken row_060 SPW-DNS-015 dns-refused
broken row_062 "*SPW-DNS-034*" "dns-lost $node" daemon_anew
broken row_062 SPW-DNS-035 "dns-stale cloud-c5-9" daemon_anew
broken row_063 SPW-DNS-030 dns-memory
broken row_064 "*SPW-DNS-034*" "dns-wrong $node" fix

# Somebody else's record under a node's name: named, and left alone by daemon and doctor.
lab break dns-foreign "$node" >/dev/null
named "*SPW-DNS-034*" || fail "row_061 dns-foreign: got '$(codes)'"
daemon_anew
fix && fail "row_061 dns-foreign: doctor --fix mends what is not ours"
equal "$(text_of "$node")" '"kept by hand"' "row_061: the other's record"
began=$(date +%s%N)
lab heal dns-foreign >/dev/null
daemon_anew
healed row_061 dns-foreign SPW-DNS-034 "$began"

# The tunnel is down while jobs run and wait: nothing is launched, nothing requeued, and both run once it is up again.
shut() { { on ctl:slurm $cli status -o json || true; } | grep "the tunnel is down" >/dev/null; }  # it exits with 4
lab break tunnel >/dev/null
unmonitored() { ! monitored; }
eventually 40 "row_057: the monitor calls the tunnel down" unmonitored
other=$(submit -p cloud --exclusive --wrap 'sleep 300')
eventually 40 "row_057: status says why nothing is launched" shut
equal "$(instances)" 1 "row_057: machines while the tunnel is down"
equal "$(on ctl squeue -h -o %T -j "$job")" RUNNING "row_057: the running job"
began=$(date +%s%N)
lab heal tunnel >/dev/null
eventually 90 "row_057: the other job runs" running "$other"
printf ' row_057 %-44s %s\n' "tunnel down while jobs run and wait" "the waiting one runs $(python3 -c "print(round(($(date +%s%N) - $began) / 1e9, 1))") s after"
on ctl scontrol show job "$job" | grep 'Restarts=0' >/dev/null || fail "row_057: the running job was requeued"
