#pragma once
#include <string>

#include "fleet/gates.h"

namespace spillway::fleet {

/// Knocks on a port of the gateway at the tunnel's far end: an acceptance or a refusal came from there, so
/// packets cross both ways. It needs no privilege, unlike ping's sockets.
class TcpTunnel final : public Tunnel {
 public:
  explicit TcpTunnel(std::string far_end, int port = 9) : far_end_(std::move(far_end)), port_(port) {}
  bool answers() override;

 private:
  std::string far_end_;
  int port_;  // 9: discard, RFC 863; nothing listens there
};

}  // namespace spillway::fleet
