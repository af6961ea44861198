#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace spillway::vpn {

/// The tunnel between the premises and the VPC.
struct VpnConfig {
  std::vector<std::string> onprem_cidrs;
  std::string endpoint, key, public_key, mode = "gateway";
  std::string tunnel_cidr = "10.200.0.0/24", interface = "wg-spillway";
  int64_t gateways = 1, mtu = 1420, listen_port = 51820, keepalive_s = 25;
  std::string aws_endpoint, aws_key, standby_endpoint, standby_key, lan_address, profile;
  std::vector<std::string> login_hosts;
};
template <class Visitor>
void describe(Visitor& v, VpnConfig& c) {
  v.field("vpn.onprem_cidrs", c.onprem_cidrs, "Networks on the premises that the cloud reaches.");
  v.field("vpn.endpoint", c.endpoint, "Where the premises' gateway answers: host:port.");
  v.field("vpn.key", c.key, "The premises' gateway's private key: file:PATH.");
  v.field("vpn.public_key", c.public_key,
          "The premises' gateway's public key, where the private one lies on another host.");
  v.field("vpn.listen_port", c.listen_port, "UDP port of both gateways.").range(1, 65535);
  v.field(
       "vpn.mode", c.mode,
       "Who ends the tunnel on AWS: one gateway, or each compute node by itself, which then needs a way to "
       "vpn.endpoint.")
      .one_of({"gateway", "node"});
  v.field("vpn.gateways", c.gateways,
          "Gateways that apply makes: with 2 the second stands in another zone, and takes over when the "
          "first is "
          "silent.")
      .range(1, 2);
  v.field("vpn.tunnel_cidr", c.tunnel_cidr,
          "Addresses of the tunnel's ends: the premises' gateway has the first, the one on AWS the second.");
  v.field("vpn.interface", c.interface, "Name of the tunnel's interface on both gateways.").one_line(15);
  v.field("vpn.mtu", c.mtu, "Largest packet inside the tunnel, in bytes.").range(1280, 8921);
  v.field("vpn.keepalive_s", c.keepalive_s,
          "Seconds between keepalives; NATs forget idle flows after 30 to 180. 0: none.")
      .range(0, 3600);
  v.field("vpn.aws_endpoint", c.aws_endpoint,
          "Where the gateway on AWS answers, host:port; empty: where apply made it. With a name, the monitor "
          "follows the name.");
  v.field("vpn.aws_key", c.aws_key,
          "Public key of the gateway on AWS, on a host that has no record of apply.");
  v.field("vpn.standby_endpoint", c.standby_endpoint,
          "Where a second gateway on AWS answers, which takes over when the first is silent.");
  v.field("vpn.standby_key", c.standby_key, "Public key of that second gateway.");
  v.field("vpn.lan_address", c.lan_address,
          "The premises' gateway's address on the LAN, for the routes of the others.");
  v.field("vpn.profile", c.profile,
          "Profile of the AWS files by which the premises' gateway learns of the nodes, in mode node; empty: "
          "aws.profile.");
  v.field("vpn.login_hosts", c.login_hosts,
          "Addresses where users run srun: the cloud reaches SrunPortRange there. Empty: all of "
          "vpn.onprem_cidrs.");
}
/// Whether each compute node is a peer of the premises' gateway, and no gateway stands on AWS.
inline bool is_node_mode(const VpnConfig& config) {
  return config.mode == "node";
}
/// The section as one that can become files: every text is of its kind. Errors: invalid (SPW-VPN-001, -003,
/// -007, -019).
Result<void> check(const VpnConfig& config);

}  // namespace spillway::vpn
