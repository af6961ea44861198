#include "vpn/gateway_files.h"

#include <fmt/ranges.h>

#include "base/script.h"
#include "vpn/codes.h"
#include "vpn/firewall.h"
#include "vpn/key_file.h"
#include "vpn/wg_conf.h"

namespace spillway::vpn {

extern const std::string kTunnelUnit, kMonitorUnit;  // share/units/spillway-tunnel.service, -gateway.service

namespace {

constexpr std::string_view kTable = "spillway_vpn";

Result<Networks> checked(const VpnSite& site) {
  TRY(check(site.vpn));
  return networks_of(site.vpn, site.vpc_cidr);
}

Result<Cidr> host(const IpAddress& address) {
  return Cidr::parse(address.value);
}

Result<Peer> far_peer(const VpnSite& site, const std::string& endpoint, const PublicKey& key) {
  if (key.empty() || endpoint.empty())
    return Error{
        Kind::not_found, kNoPeerYet,
        fmt::format("no {} of the gateway on AWS is known", key.empty() ? "public key" : "endpoint")};
  const PublicKey checked = TRY(parse_public_key(key.value));
  const Endpoint at = TRY(Endpoint::parse(endpoint));
  return Peer{checked, {}, at, site.vpn.keepalive_s};
}

InterfaceConf interface_of(const VpnSite& site, const Networks& networks, const IpAddress& end,
                           std::string key_file) {
  return {.address = fmt::format("{}/{}", end, networks.tunnel.prefix()),
          .listen_port = site.vpn.listen_port,
          .mtu = site.vpn.mtu,
          .key_file = std::move(key_file),
          .on_up = {"sysctl -q -w net.ipv4.ip_forward=1",
                    fmt::format("nft -f /etc/spillway/{}.nft", site.vpn.interface)},
          .on_down = {fmt::format("nft delete table inet {}", kTable)}};
}

/// What cloud nodes open on the premises: slurmctld, srun's ports, and the name servers.
Result<std::vector<Opening>> openings(const VpnSite& site, const Networks& networks) {
  std::vector<Opening> out;
  for (const Endpoint& controller : site.controllers) {
    auto address = Cidr::parse(controller.host);
    if (!address)
      return std::move(address).error().during(fmt::format("slurmctld's address {}", controller.to_string()));
    out.push_back({"slurmctld", {*address}, std::to_string(controller.port)});
  }
  auto logins = TRY(Cidr::parse_all(site.vpn.login_hosts));
  if (logins.empty()) logins = networks.onprem;
  out.push_back({"SrunPortRange", logins, fmt::format("{}-{}", site.srun_first_port, site.srun_last_port)});
  out.push_back({"DNS", TRY(Cidr::parse_all(site.name_servers)), "53", true, true});
  return out;
}

std::string lan_routes(const VpnSite& site, const Networks& networks) {
  const std::string via = site.vpn.lan_address.empty() ? "GATEWAY" : site.vpn.lan_address;
  std::string out =
      "# Routes for the LAN's router, or for each host where there is none: what the cloud is sent goes to "
      "the\n"
      "# tunnel's gateway. No NAT between the sides: Slurm would record the gateway's address for every "
      "node.\n";
  if (site.vpn.lan_address.empty())
    out += "# GATEWAY stands for its address on the LAN; vpn.lan_address of spillway.yaml fills it in.\n";
  for (const Cidr& cidr : {networks.vpc, networks.tunnel})
    out += fmt::format("ip route replace {} via {}\n", cidr.to_string(), via);
  return out;
}

GatewayFile conf_file(const VpnSite& site, std::string content) {
  return {wg_quick_path(site.vpn), std::move(content), "systemctl restart spillway-tunnel", 0600};
}
GatewayFile rules_file(const VpnSite& site, std::string content) {
  const std::string path = fmt::format("/etc/spillway/{}.nft", site.vpn.interface);
  return {path, std::move(content), "nft -f " + path};
}
GatewayFile unit_file(const VpnSite& site, const std::string& name, const std::string& content) {
  return {"/etc/systemd/system/" + name, filled_script(content, {{"INTERFACE", site.vpn.interface}}),
          fmt::format("systemctl daemon-reload; systemctl enable --now {}", name)};
}
const GatewayFile kForwarding{"/etc/sysctl.d/60-spillway.conf",
                              "# The tunnel's gateway passes packets on.\nnet.ipv4.ip_forward = 1\n",
                              "sysctl --system"};

std::vector<Cidr> with(std::vector<Cidr> networks, const Cidr& more) {
  networks.push_back(more);
  return networks;
}

}  // namespace

std::string wg_quick_path(const VpnConfig& vpn) {
  return fmt::format("/etc/wireguard/{}.conf", vpn.interface);
}

Result<std::vector<Peer>> far_peers(const VpnSite& site) {
  const Networks networks = TRY(checked(site));
  if (is_node_mode(site.vpn)) return std::vector<Peer>{};
  std::vector<Peer> peers{TRY(far_peer(site, site.aws_endpoint, site.aws_key))};
  peers[0].allowed_ips = {TRY(host(networks.aws_end)), networks.vpc};
  if (!site.vpn.standby_key.empty())
    peers.push_back(TRY(far_peer(site, site.vpn.standby_endpoint, PublicKey{site.vpn.standby_key})));
  return peers;
}

Result<Peer> near_peer(const VpnSite& site, const PublicKey& near_key) {
  const Networks networks = TRY(checked(site));
  if (near_key.empty())
    return Error{Kind::invalid, kNoPeerYet, "the public key of the premises' gateway is not known"};
  const PublicKey key = TRY(parse_public_key(near_key.value));
  const Cidr end = TRY(host(networks.onprem_end));
  Peer peer{key, {end}, {}, site.vpn.keepalive_s};
  peer.allowed_ips.insert(peer.allowed_ips.end(), networks.onprem.begin(), networks.onprem.end());
  if (!site.vpn.endpoint.empty()) peer.endpoint = TRY(Endpoint::parse(site.vpn.endpoint));
  return peer;
}

Result<PeersDocument> peers_document(const VpnSite& site, const PublicKey& near_key,
                                     const std::string& private_key) {
  const Networks networks = TRY(checked(site));
  return PeersDocument{.private_key = private_key,
                       .address = fmt::format("{}/{}", networks.aws_end, networks.tunnel.prefix()),
                       .listen_port = site.vpn.listen_port,
                       .mtu = site.vpn.mtu,
                       .vpc = networks.vpc,
                       .peers = {TRY(near_peer(site, near_key))}};
}

Result<std::vector<GatewayFile>> onprem_files(const VpnSite& site) {
  const Networks networks = TRY(checked(site));
  auto interface = interface_of(site, networks, networks.onprem_end, TRY(key_path(site.vpn.key)).string());
  // wg-quick makes routes for the peers that it knows; nodes come and go without it.
  if (is_node_mode(site.vpn))
    interface.on_up.push_back(fmt::format("ip route replace {} dev %i", networks.vpc.to_string()));
  const Cidr far_end = TRY(host(networks.aws_end));
  auto opened = TRY(openings(site, networks));
  const Firewall firewall{.table = std::string(kTable),
                          .interface = site.vpn.interface,
                          .listen_port = site.vpn.listen_port,
                          .mtu = site.vpn.mtu,
                          .own = with(networks.onprem, networks.tunnel),
                          .far = {networks.vpc, far_end},
                          .openings = std::move(opened)};
  return std::vector<GatewayFile>{
      conf_file(site,
                wg_quick_text(fmt::format("Made by spillway vpn config for cluster {}: the tunnel's end "
                                          "on the premises.",
                                          site.cluster),
                              interface, TRY(far_peers(site)))),
      rules_file(site,
                 nft_text("Made by spillway vpn config: what the cloud may open on the premises.", firewall)),
      kForwarding,
      unit_file(site, "spillway-tunnel.service", kTunnelUnit),
      unit_file(site, "spillway-gateway.service", kMonitorUnit),
      {"/etc/spillway/lan-routes.txt", lan_routes(site, networks), ""}};
}

Result<std::vector<GatewayFile>> aws_files(const VpnSite& site, const PublicKey& near_key) {
  const Networks networks = TRY(checked(site));
  if (is_node_mode(site.vpn))
    return Error{Kind::invalid, kNotInNodeMode, "there are no files of a gateway on AWS"};
  const auto interface = interface_of(site, networks, networks.aws_end,
                                      fmt::format("/etc/spillway/keys/{}", site.vpn.interface));
  const Firewall firewall{.table = std::string(kTable),
                          .interface = site.vpn.interface,
                          .listen_port = site.vpn.listen_port,
                          .mtu = site.vpn.mtu,
                          .own = {networks.vpc, networks.tunnel},
                          .far = with(networks.onprem, TRY(host(networks.onprem_end))),
                          .all_open = true,
                          .close_metadata = true};
  return std::vector<GatewayFile>{
      conf_file(site,
                wg_quick_text(fmt::format("Made by spillway vpn config for cluster {}: the tunnel's end "
                                          "on AWS.",
                                          site.cluster),
                              interface, {TRY(near_peer(site, near_key))})),
      rules_file(site,
                 nft_text("Made by spillway vpn config: the premises and the VPC, nothing else.", firewall)),
      kForwarding, unit_file(site, "spillway-tunnel.service", kTunnelUnit)};
}

}  // namespace spillway::vpn
