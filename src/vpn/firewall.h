#pragma once
#include <string>
#include <vector>

#include "vpn/cidr.h"

namespace spillway::vpn {

/// A service on the premises that the cloud may reach.
struct Opening {
  std::string name;  // for the rule's comment
  std::vector<Cidr> hosts;
  std::string ports;  // "6817" or "60001-60999"
  bool tcp = true, udp = false;
};

/// What a gateway forwards between its side and the tunnel.
struct Firewall {
  std::string table;      // "spillway_vpn"
  std::string interface;  // of the tunnel
  int64_t listen_port = 51820, mtu = 1420;
  std::vector<Cidr> own;  // networks on this side
  std::vector<Cidr> far;  // what may come out of the tunnel: exactly the peers' AllowedIPs
  /// What the far side may open here; with nothing named it may open everything.
  std::vector<Opening> openings;
  bool all_open = false;
  bool close_metadata = false;  // EC2's metadata service for root alone
};

/// The rules as a file for `nft -f`, which replaces its own table at each load and touches no other. The
/// machine's other tables still decide, too: nft lets a packet pass only when all agree.
std::string nft_text(std::string_view about, const Firewall& firewall);

}  // namespace spillway::vpn
