#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace spillway::vpn {

/// The tunnel between the premises and the VPC.
struct VpnConfig {
  std::vector<std::string> onprem_cidrs;
  std::string endpoint, key, mode = "gateway";
  std::string tunnel_cidr = "10.200.0.0/24", interface = "wg-spillway";
  std::string public_key;
  int64_t mtu = 1420, listen_port = 51820;
};
template <class Visitor>
void describe(Visitor& v, VpnConfig& c) {
  v.field("vpn.onprem_cidrs", c.onprem_cidrs, "Networks on the premises that the cloud reaches.");
  v.field("vpn.endpoint", c.endpoint, "Where the premises' gateway answers: host:port.");
  v.field("vpn.key", c.key, "The premises' gateway's private key: file:PATH.");
  v.field("vpn.public_key", c.public_key,
          "The premises' gateway's public key, where the private one lies on another host.");
  v.field("vpn.listen_port", c.listen_port, "UDP port of both gateways.").range(1, 65535);
  v.field("vpn.mode", c.mode, "Who ends the tunnel on AWS: one gateway, or each compute node.")
      .one_of({"gateway", "node"});
  v.field("vpn.tunnel_cidr", c.tunnel_cidr,
          "Addresses of the tunnel's ends: the premises' gateway has the first, the one on AWS the second.");
  v.field("vpn.interface", c.interface, "Name of the tunnel's interface on both gateways.");
  v.field("vpn.mtu", c.mtu, "Largest packet inside the tunnel, in bytes.").range(1280, 8921);
}

}  // namespace spillway::vpn
