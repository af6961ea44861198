# ---- the tunnel: this node is a peer of the premises' gateway. The private half of its key is made here and never leaves; the
# public half becomes the name of an object that only this instance's role session can make, so nobody speaks for another.
link='@INTERFACE@' peer='@PEER@' endpoint='@ENDPOINT@' networks='@NETWORKS@' keepalive='@KEEPALIVE@'
make_link() {
  ip link show dev "$link" >/dev/null 2>&1 || ip link add "$link" type wireguard 2>/dev/null || wireguard-go "$link" || return 1
  wg show "$link" >/dev/null
}
# call_gateway: the peer anew, at the newest address of its name, which makes WireGuard call it at once.
call_gateway() {
  WG_ENDPOINT_RESOLUTION_RETRIES=2 wg set "$link" peer "$peer" remove peer "$peer" endpoint "$endpoint" \
    persistent-keepalive "$keepalive" allowed-ips "$networks"
}
shook() {
  at=$(wg show "$link" latest-handshakes)
  at=${at##*[!0-9]}
  [ "${at:-0}" -gt 0 ]
}
# tend_tunnel: the premises' gateway may have moved; a session is renewed every two minutes.
tend_tunnel() {
  if ! shook || [ $(($(date +%s) - at)) -gt 135 ]; then call_gateway; fi
}
make_link || give_up 'no WireGuard here'
(umask 077 && wg genkey >"$scratch/wg" && wg set "$link" private-key "$scratch/wg") || give_up 'WireGuard takes no key'
rm -f "$scratch/wg"
ip link set "$link" mtu '@MTU@' up || give_up 'the tunnel does not come up'
# The security group does not see what the tunnel carries: the same is let in here, and nothing goes through.
nft -f - <<RULES || give_up 'cannot close the tunnel'
table inet spillway_tunnel {
  chain input {
    type filter hook input priority 0; policy accept;
    iifname != "$link" accept
    ct state established,related accept
    meta l4proto icmp accept
    tcp dport { 6818, @SRUN@ } accept
    drop
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname "$link" drop
    oifname "$link" drop
  }
}
RULES
for network in $(echo "$networks" | tr , ' '); do
  ip route replace "$network" dev "$link" src "$address" || give_up "no route to $network"
done
public=$(wg show "$link" public-key)
public=$(printf '%s' "${public%=}" | tr '+/' '-_')
try=0
until put_name "/$cluster/keys/$role_id%3A$instance/$public"; do
  wait_a_little $try "the bucket for this node's key (last answer $code)"
  try=$((try + 1))
done
try=0
call_gateway
until shook; do
  wait_a_little $try "the premises' gateway"
  try=$((try + 1))
  call_gateway
done
say 'the tunnel is up'
