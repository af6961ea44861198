#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/subprocess.h"

namespace spillway::vpn {

struct Peer {
  std::string public_key, endpoint;  // endpoint: "" while it is not known
  std::string allowed_ips;
  std::optional<Time> handshake;   // the latest; nothing before the first
  int64_t received = 0, sent = 0;  // bytes
  int64_t keepalive_s = 0;         // 0: off
};

struct Interface {
  std::string name, public_key;
  int64_t listen_port = 0;
  std::vector<Peer> peers;
};

/// Reads `wg show NAME dump`. The private key, which stands in it, is thrown away. Errors: internal
/// (SPW-VPN-008).
Result<Interface> parse_dump(const std::string& name, std::string_view dump);
/// Asks wg. Errors: not_found (SPW-VPN-009: no such interface), denied, those of parse_dump.
Result<Interface> show_interface(const std::string& name, Runner& runner, Deadline deadline);

}  // namespace spillway::vpn
