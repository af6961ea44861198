#include "vpn/tunnel.h"

#include "base/text.h"
#include "vpn/keys.h"
#include "vpn/networks.h"

namespace spillway::vpn {
namespace {

constexpr Code kNoPeer{"SPW-VPN-006", "each end must know the other's public key",
                       "on the premises' gateway: spillway vpn config --side onprem --to /etc/spillway"};
constexpr int kKeepalive = 25;  // seconds; NAT and firewalls forget an idle mapping after 30 to 180 s

/// A set of addresses for nft; an empty one would not be read.
std::string set_of(const std::vector<std::string>& addresses) {
  return fmt::format("{{ {} }}", fmt::join(addresses, ", "));
}

Result<void> need_key(const std::string& key, std::string_view whose) {
  if (is_key(key)) return {};
  return Error{Kind::invalid, kNoPeer, fmt::format("the public key of {} is not known", whose)};
}

}  // namespace

Result<std::string> onprem_address(const VpnConfig& config) {
  return TRY(parse_network(config.tunnel_cidr)).address(1);
}

Result<std::string> aws_address(const VpnConfig& config) {
  return TRY(parse_network(config.tunnel_cidr)).address(2);
}

Result<std::string> onprem_wg_quick(const Tunnel& tunnel, const std::string& key_file) {
  TRY(need_key(tunnel.aws_key, "the gateway on AWS"));
  const int prefix = TRY(parse_network(tunnel.config.tunnel_cidr)).prefix;
  return fmt::format(R"(# Written by `spillway vpn config`: the premises' end of the tunnel, for wg-quick(8).
[Interface]
Address = {address}/{prefix}
ListenPort = {port}
MTU = {mtu}
# The key never stands in this file.
PostUp = wg set %i private-key {key_file}
PostUp = sysctl -q -w net.ipv4.ip_forward=1
PostUp = nft -f /etc/spillway/tunnel.nft
PostDown = nft delete table inet spillway_tunnel

[Peer]
PublicKey = {aws_key}
Endpoint = {endpoint}
# The far gateway and the VPC, nothing else.
AllowedIPs = {aws_address}/32, {vpc}
# Keeps the mapping of NAT and firewalls on the way alive, and lets either end start.
PersistentKeepalive = {keepalive}
)",
                     fmt::arg("address", TRY(onprem_address(tunnel.config))), fmt::arg("prefix", prefix),
                     fmt::arg("port", tunnel.config.listen_port), fmt::arg("mtu", tunnel.config.mtu),
                     fmt::arg("key_file", key_file), fmt::arg("aws_key", tunnel.aws_key),
                     fmt::arg("endpoint", tunnel.aws_endpoint),
                     fmt::arg("aws_address", TRY(aws_address(tunnel.config))),
                     fmt::arg("vpc", tunnel.vpc_cidr), fmt::arg("keepalive", kKeepalive));
}

Result<std::string> onprem_firewall(const Tunnel& tunnel) {
  std::string out = fmt::format(
      R"(# Written by `spillway vpn config`: what may pass the premises' gateway. Loading it again replaces it.
table inet spillway_tunnel
delete table inet spillway_tunnel
table inet spillway_tunnel {{
  chain input {{
    type filter hook input priority filter; policy accept;
    udp dport {port} accept
  }}
  chain forward {{
    type filter hook forward priority filter; policy accept;
    # A packet that would have to be cut inside the tunnel may be dropped on the way: connections agree on less.
    iifname "{interface}" tcp flags syn / syn,rst tcp option maxseg size set {mss}
    oifname "{interface}" tcp flags syn / syn,rst tcp option maxseg size set {mss}
    # From the premises to the cloud everything goes; from the cloud, what Slurm and names need.
    iifname != "{interface}" accept
    ip saddr != {{ {vpc}, {aws_address} }} drop
    ct state established,related accept
    meta l4proto icmp accept
)",
      fmt::arg("port", tunnel.config.listen_port), fmt::arg("interface", tunnel.config.interface),
      fmt::arg("mss", tunnel.config.mtu - 40), fmt::arg("vpc", tunnel.vpc_cidr),
      fmt::arg("aws_address", TRY(aws_address(tunnel.config))));
  if (!tunnel.controllers.empty())
    out += fmt::format("    ip daddr {} tcp dport 6817 accept\n", set_of(tunnel.controllers));
  out += fmt::format("    tcp dport {}-{} accept\n", tunnel.srun_first_port, tunnel.srun_last_port);
  if (!tunnel.name_servers.empty())
    out += fmt::format("    ip daddr {0} udp dport 53 accept\n    ip daddr {0} tcp dport 53 accept\n",
                       set_of(tunnel.name_servers));
  return out + "    drop\n  }\n}\n";
}

Result<std::string> lan_routes(const Tunnel& tunnel, const std::string& gateway_lan_address) {
  return fmt::format(
      "# On the premises' router, or on each host: the way to the cloud.\nip route replace {0} via {2}\nip "
      "route replace {1} via {2}\n",
      tunnel.vpc_cidr, tunnel.config.tunnel_cidr, gateway_lan_address);
}

Result<Json> peers_document(const Tunnel& tunnel) {
  TRY(need_key(tunnel.onprem_key, "the premises' gateway"));
  const int prefix = TRY(parse_network(tunnel.config.tunnel_cidr)).prefix;
  std::string allowed = TRY(onprem_address(tunnel.config)) + "/32";
  for (const std::string& network : tunnel.config.onprem_cidrs) allowed += "," + network;
  return Json::object({{"schema", "spillway.peers/v1"},
                       {"address", fmt::format("{}/{}", TRY(aws_address(tunnel.config)), prefix)},
                       {"listen_port", tunnel.config.listen_port},
                       {"mtu", tunnel.config.mtu},
                       {"peers", Json::array({Json::object({{"public_key", tunnel.onprem_key},
                                                            {"endpoint", tunnel.config.endpoint},
                                                            {"allowed_ips", allowed},
                                                            {"keepalive_s", kKeepalive}})})}});
}

}  // namespace spillway::vpn
