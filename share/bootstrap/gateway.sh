#!/bin/sh
# Spillway's user-data of the gateway: the end of the WireGuard tunnel in the VPC. It runs once, as root, and stays to follow
# the peers document, so that a new key or peer needs nobody to log in. It needs sh, curl, openssl, nft, wg and either the
# kernel's WireGuard or wireguard-go; what is missing is installed. It holds no secret: its key is a parameter that only its
# role may read.
set -u
umask 022
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cluster='@CLUSTER@'
region='@REGION@'
suffix='@DNS_SUFFIX@'
host="@BUCKET@.s3.$region.$suffix"
interface='@INTERFACE@'
limit=600
#include aws.sh

# parameter NAME: the decrypted value of a parameter, in `value`.
parameter() {
  now=$(date -u +%Y%m%dT%H%M%SZ)
  service_host="ssm.$region.$suffix"
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
  [ "$code" != 400 ] || load_credentials
  [ "$code" = 200 ] && json_text Value "$(cat "$scratch/parameter")"
}
# json_number NAME TEXT: the first number of that name, in `value`.
json_number() {
  value=${2#*\""$1"\":}
  [ "$value" != "$2" ] || return 1
  value=${value%%[!0-9]*}
  [ -n "$value" ]
}

try=0
until renew_token && load_credentials; do
  wait_a_little $try 'role credentials'
  try=$((try + 1))
done
for tool in wg nft; do
  command -v $tool >/dev/null && continue
  say "$tool is missing: installing"
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends wireguard-tools nftables
done

# ---- the key, in memory and in a file of root's alone
keep=/run/spillway
install -d -m 700 "$keep"
try=0
until parameter "/spillway/$cluster/gateway/private-key"; do
  wait_a_little $try "the gateway's key (last answer $code)"
  try=$((try + 1))
done
(umask 077 && printf '%s\n' "$value" >"$keep/key")
value=''
rm -f "$scratch/parameter"

# ---- the interface
if ! ip link add "$interface" type wireguard 2>/dev/null; then
  say "no WireGuard in the kernel: wireguard-go"
  wireguard-go --foreground "$interface" &
  try=0
  until wg show "$interface" >/dev/null 2>&1; do
    wait_a_little $try "wireguard-go's interface"
    try=$((try + 1))
  done
fi
echo 1 >/proc/sys/net/ipv4/ip_forward

# The peers document as wg's configuration, its networks as routes. Every value is checked by its letters: what is written to a
# file or a command line must not be able to mean anything else.
plain() {
  case $1 in '' | *[!A-Za-z0-9+/=.:,_-]*) return 1 ;; esac
}
follow_document() {
  text=$(tr -d ' \t\r\n' <"$scratch/peers")
  json_text schema "$text" && [ "$value" = spillway.peers/v1 ] || return 1
  json_text address "$text" && plain "$value" && address=$value || return 1
  json_number listen_port "$text" && port=$value || return 1
  json_number mtu "$text" && mtu=$value || return 1
  networks=''
  (umask 077 && printf '[Interface]\nPrivateKey = %s\nListenPort = %s\n' "$(cat "$keep/key")" "$port" >"$keep/wg.conf")
  rest=${text#*\"peers\":\[}
  while [ "$rest" != "${rest#*\{}" ]; do
    peer=${rest#*\{}
    rest=${peer#*\}}
    peer=${peer%%\}*}
    json_text public_key "$peer" && plain "$value" || return 1
    printf '[Peer]\nPublicKey = %s\n' "$value" >>"$keep/wg.conf"
    json_text allowed_ips "$peer" && plain "$value" || return 1
    printf 'AllowedIPs = %s\n' "$value" >>"$keep/wg.conf"
    networks="$networks $(printf '%s' "$value" | tr , ' ')"
    if json_text endpoint "$peer" && plain "$value"; then printf 'Endpoint = %s\n' "$value" >>"$keep/wg.conf"; fi
    if json_number keepalive_s "$peer"; then printf 'PersistentKeepalive = %s\n' "$value" >>"$keep/wg.conf"; fi
  done
  wg syncconf "$interface" "$keep/wg.conf" || return 1
  ip addr replace "$address" dev "$interface"
  ip link set "$interface" mtu "$mtu" up
  for network in $networks; do
    case $network in */32) continue ;; esac
    ip route replace "$network" dev "$interface"
  done
  nft -f - <<RULES
table inet spillway
delete table inet spillway
table inet spillway {
  chain output {
    type filter hook output priority 0; policy accept;
    meta skuid != 0 ip daddr 169.254.169.254 reject
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname "$interface" tcp flags syn / syn,rst tcp option maxseg size set $((mtu - 40))
    oifname "$interface" tcp flags syn / syn,rst tcp option maxseg size set $((mtu - 40))
  }
}
RULES
}

# ---- follow the document for as long as the machine lives
seen=''
while :; do
  if fetch "/$cluster/gateway/peers.json" "$scratch/peers"; then
    now_seen=$(sha256 <"$scratch/peers")
    if [ "$now_seen" != "$seen" ] && follow_document; then
      seen=$now_seen
      say "the tunnel follows $(grep -c Peer "$keep/wg.conf") peer(s)"
    fi
  elif [ "$code" = 403 ] || [ "$code" = 000 ]; then
    renew_token && load_credentials
  fi
  if [ -n "$seen" ]; then sleep 5; else sleep 0.25; fi
done
