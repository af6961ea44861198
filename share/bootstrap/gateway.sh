#!/bin/sh
# Spillway's user-data of the gateway: the end of the WireGuard tunnel in the VPC. The first run makes itself a service; that
# fetches the gateway's private key and the document of its peers, sets the tunnel up, and follows the document from then on,
# so that a new key or peer needs nobody to log in. It needs sh, curl, openssl, iproute2, nft, wg and either the kernel's
# WireGuard or wireguard-go. It holds no secret: its keys are parameters that only its role may read.
set -u
umask 077
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cluster='@CLUSTER@'
region='@REGION@'
host='@BUCKET@.s3.@REGION@.@DNS_SUFFIX@'
service_host='ssm.@REGION@.@DNS_SUFFIX@'
link='@INTERFACE@'
place='@PLACE@' pair='@PAIR@'
own=/usr/local/sbin/spillway-gateway
run=/run/spillway-gateway

if [ "${1:-}" != run ]; then
  for tool in wg nft; do
    command -v $tool >/dev/null || dnf -y -q install wireguard-tools nftables || {
      apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends wireguard-tools nftables
    }
  done
  install -D -m 700 "$0" $own
  # User-data runs at the first boot only; the service runs at each.
  if [ -d /run/systemd/system ]; then
    cat >/etc/systemd/system/spillway-gateway.service <<UNIT
[Unit]
Description=Spillway: this end of the tunnel to the premises
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0
[Service]
ExecStart=$own run
Restart=always
RestartSec=2
[Install]
WantedBy=multi-user.target
UNIT
    systemctl daemon-reload
    systemctl enable --now spillway-gateway
  else
    setsid $own run &
  fi
  exit 0
fi

mkdir -p $run
#include aws.sh
rmdir "$scratch"
scratch=$run

# ---- the document as Spillway writes it, schema spillway.peers/v1
private='' named='' document=''
json_number() {
  value=${2#*\""$1"\":}
  [ "$value" != "$2" ] || return 1
  value=${value%%[!0-9]*}
  [ -n "$value" ]
}
# parameter NAME: the decrypted value of a parameter, in `value`.
parameter() {
  now=$(date -u +%Y%m%dT%H%M%SZ)
  body="{\"Name\":\"$1\",\"WithDecryption\":true}"
  digest=$(printf '%s' "$body" | sha256)
  names='content-type;host;x-amz-date;x-amz-security-token;x-amz-target'
  scope="${now%T*}/$region/ssm/aws4_request"
  signing_key "${now%T*}" ssm
  hash=$(printf 'POST\n/\n\ncontent-type:application/x-amz-json-1.1\nhost:%s\nx-amz-date:%s\nx-amz-security-token:%s\nx-amz-target:AmazonSSM.GetParameter\n\n%s\n%s' \
    "$service_host" "$now" "$session" "$names" "${digest%% *}" | sha256)
  signature=$(printf 'AWS4-HMAC-SHA256\n%s\n%s\n%s' "$now" "$scope" "${hash%% *}" | hmac "$key")
  code=$(curl -s -m 10 -o "$scratch/parameter" -w '%{http_code}' -H 'Content-Type: application/x-amz-json-1.1' \
    -H "x-amz-date: $now" -H "x-amz-security-token: $session" -H 'x-amz-target: AmazonSSM.GetParameter' \
    -H "Authorization: AWS4-HMAC-SHA256 Credential=$access/$scope, SignedHeaders=$names, Signature=${signature%% *}" \
    --data-binary "$body" "https://$service_host/")
  text=$(cat "$scratch/parameter")
  rm -f "$scratch/parameter"
  [ "$code" != 400 ] || load_credentials
  [ "$code" = 200 ] && json_text Value "$text"
}
fetch_key() {
  parameter "$1" || { say "cannot read $1: $code" && return 1; }
  text=''
  case $value in *[!A-Za-z0-9+/=]*) return 1 ;; esac
  [ ${#value} = 44 ] && private=$value value=''
}
# read_peers TEXT: a line for each peer: key, networks, endpoint ("-": it calls us), keepalive.
read_peers() {
  rest=${1#*\"peers\":\[}
  while :; do
    case $rest in *\{*) ;; *) break ;; esac
    rest=${rest#*\{}
    one=${rest%%\}*}
    rest=${rest#*\}}
    json_text public_key "$one" || return 1
    peer=$value endpoint=-
    json_text allowed_ips "$one" && networks=$value || return 1
    case $one in *'"endpoint":""'*) ;; *) json_text endpoint "$one" && endpoint=$value || return 1 ;; esac
    json_number keepalive_s "$one" || return 1
    echo "$peer $networks $endpoint $value"
  done
}
# Takes a changed document in. What is not as Spillway writes it is refused whole, and the old one stays.
poll() {
  fetch "/$cluster/$place/peers.json" $run/new || {
    say "peers document: $code"
    case $code in 000 | 403) renew_token && load_credentials ;; esac
    return 1
  }
  fresh=$(tr -d ' \t\r\n' <$run/new)
  [ "$fresh" != "$document" ] || return 0
  case $fresh in '{"schema":"spillway.peers/v1",'*) ;; *) say 'not a peers document' && return 1 ;; esac
  case $fresh in *[!]A-Za-z0-9\"{}:,./_=+[-]*) say 'strange letters in the peers document' && return 1 ;; esac
  case $fresh in */0[,\"]*) say 'a peer may not be everybody' && return 1 ;; esac
  json_text address "$fresh" && address=$value && json_text vpc "$fresh" && vpc=$value || return 1
  json_number listen_port "$fresh" && port=$value && json_number mtu "$fresh" && mtu=$value || return 1
  read_peers "$fresh" >$run/peers.new || { say 'cannot read the peers' && return 1; }
  json_text private_key "$fresh" || return 1
  wanted=$value
  [ "$wanted" = "$named" ] || fetch_key "$wanted" || return 1
  named=$wanted
  mv $run/peers.new $run/peers
  document=$fresh
}

# ---- the tunnel
make_link() {
  ip link show dev "$link" >/dev/null 2>&1 || ip link add "$link" type wireguard 2>/dev/null || wireguard-go "$link" || return 1
  wg show "$link" >/dev/null || return 1
  ip address show dev "$link" | grep -qF "inet $address " || {
    ip address flush dev "$link"
    ip address add "$address" dev "$link"
  }
  ip link set "$link" mtu "$mtu" up
  echo 1 >/proc/sys/net/ipv4/ip_forward
}
elements() { # of a set with the peers' networks of family 4 or 6
  comma='elements = { ' closing=''
  while read -r _ networks _; do
    for one in $(echo "$networks" | tr ',' ' '); do
      case $1$one in 6*:* | 4*.*) printf '%s%s' "$comma" "$one" && comma=', ' closing=' };' ;; esac
    done
  done <$run/peers
  echo "$closing"
}
rules() {
  cat <<RULES
table inet spillway_vpn
delete table inet spillway_vpn
table inet spillway_vpn {
  set far { type ipv4_addr; flags interval; auto-merge; $(elements 4) }
  set far6 { type ipv6_addr; flags interval; auto-merge; $(elements 6) }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "$link" ip saddr @far ip daddr $vpc accept
    iifname "$link" drop
    oifname "$link" ip saddr $vpc ip daddr @far accept
    oifname "$link" drop
  }
  chain mss {
    type filter hook forward priority mangle; policy accept;
    iifname "$link" meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set $((mtu - 40))
    oifname "$link" meta nfproto ipv4 tcp flags syn / syn,rst tcp option maxseg size set $((mtu - 40))
    iifname "$link" meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set $((mtu - 60))
    oifname "$link" meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set $((mtu - 60))
  }
  chain output {
    type filter hook output priority filter; policy accept;
    meta skuid != 0 ip daddr 169.254.169.254 reject
    meta skuid != 0 ip6 daddr fd00:ec2::254 reject
  }
}
RULES
}
shook() {
  wg show "$link" latest-handshakes | while read -r peer at; do [ "$peer" != "$1" ] || echo "$at"; done
}
# has_networks KEY NETWORKS: of two keys with the same networks, while keys are rotated, the one that shook hands last.
has_networks() {
  best='' newest=-1
  while read -r peer networks _; do
    [ "$networks" = "$2" ] || continue
    at=$(shook "$peer")
    [ "${at:-0}" -le "$newest" ] || best=$peer newest=${at:-0}
  done <$run/peers
  [ "$best" = "$1" ]
}
place_of() { echo "$run/at.$(echo "$1" | tr / _)"; }
# Names are resolved for a peer that is new, or whose last handshake is overdue: its address may have changed.
resolve_names() {
  while read -r peer _ endpoint _; do
    at=$(shook "$peer")
    file=$(place_of "$peer")
    [ ! -e "$file" ] || [ $(($(date +%s) - ${at:-0})) -gt 135 ] || continue
    [ "$endpoint" != - ] || continue
    name=${endpoint%:*}
    case $name in
    *[!0-9.]*) case $name in \[*) found=$name ;; *) found=$(getent ahosts "$name" | sed -n '1s/ .*//p') ;; esac ;;
    *) found=$name ;;
    esac
    case $found in '') continue ;; \[*) ;; *:*) found="[$found]" ;; esac
    echo "$found:${endpoint##*:}" >"$file"
  done <$run/peers
}
conf() {
  printf '[Interface]\nPrivateKey = %s\nListenPort = %s\n' "$private" "$port"
  while read -r key_of networks_of _ keepalive; do
    printf '[Peer]\nPublicKey = %s\nPersistentKeepalive = %s\n' "$key_of" "$keepalive"
    ! has_networks "$key_of" "$networks_of" || printf 'AllowedIPs = %s\n' "$networks_of"
    file=$(place_of "$key_of")
    [ ! -e "$file" ] || printf 'Endpoint = %s\n' "$(cat "$file")"
  done <$run/peers
}
follow() {
  conf >$run/conf
  cmp -s $run/conf $run/conf.used && return
  # setconf adds the peers anew, which makes WireGuard call them at once; syncconf keeps the sessions of those that stay.
  verb=syncconf
  [ "$private" = "$used" ] || verb=setconf
  wg $verb "$link" $run/conf || { say 'wg refuses the peers' && return 1; }
  used=$private
  cp $run/conf $run/conf.used
  say "$(grep -c '^.Peer' $run/conf) peers"
}
set_up() {
  make_link || { say 'no WireGuard here' && return 1; }
  rm -f $run/at.*
  resolve_names
  follow || return 1
  rules | nft -f - || { say 'nft refuses the rules' && return 1; }
  while read -r _ networks _; do
    for one in $(echo "$networks" | tr ',' ' '); do ip route replace "$one" dev "$link"; done
  done <$run/peers
  ready=$document
}

# ---- two gateways: the premises decide to which they send, and whoever hears them takes the routes of the nodes' subnets
# hears: more came since the last question than keepalives and handshakes are; the premises' monitor sends 600 bytes a second.
heard=0
hears() {
  total=0
  for bytes in $(wg show "$link" transfer | cut -f 2); do total=$((total + bytes)); done
  more=$((total - heard)) heard=$total
  [ "$more" -gt 800 ]
}
ec2() { ask ec2 "ec2.$region.@DNS_SUFFIX@" POST / $run/answer "Version=2016-11-15&Action=$1"; }
take_routes() {
  ec2 "DescribeRouteTables&Filter.1.Name=tag:spillway:cluster&Filter.1.Value.1=$cluster&Filter.2.Name=tag:spillway:kind&Filter.2.Value.1=ComputeRoutes" ||
    { say "cannot look at the routes: $code" && return 1; }
  tr -d '\n' <$run/answer | sed 's/<item>/\n/g' >$run/routes
  table=$(sed -n 's/.*<routeTableId>\(rtb-[0-9a-f]*\)<.*/\1/p' $run/routes | head -n 1)
  # What leads to an instance, or to one that is gone; the rest is EC2's own.
  sed -n '/<gatewayId>/d; s/.*<destinationCidrBlock>\([0-9./]*\)<.*/\1 &/p' $run/routes | while read -r network route; do
    case $route in *"<instanceId>$instance<"*) continue ;; esac
    ec2 "ReplaceRoute&DestinationCidrBlock=$network&InstanceId=$instance&RouteTableId=$table"
    say "takes the route to $network: $code"
  done
}
# tend_routes: asked each second, looks every fourth; at once when the premises begin to send, then every twelve seconds.
tend_routes() {
  [ $((second % 4)) = 0 ] || return
  hears || { turns=0 && return; }
  [ $((turns % 3)) != 0 ] || take_routes
  turns=$((turns + 1))
}

rm -f $run/conf.used
ready='' used='' second=0
turns=0 instance=''
until renew_token && load_credentials && metadata meta-data/instance-id && instance=$(cat $run/0); do
  say 'no credentials yet'
  sleep 0.5
done
while :; do
  if [ $((second % 5)) = 0 ] || [ -z "$ready" ]; then
    poll
    [ -z "$document" ] || [ "$ready" = "$document" ] || set_up
    [ -z "$ready" ] || resolve_names
  fi
  [ -z "$ready" ] || follow
  [ -z "$ready" ] || [ -z "$pair" ] || tend_routes
  second=$((second + 1))
  if [ -n "$ready" ]; then sleep 1; else sleep 0.25; fi
done
