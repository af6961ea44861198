#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/health.h"
#include "vpn/device.h"
#include "vpn/tunnel.h"

namespace spillway::vpn {

/// What AWS says of the far end; asked with the caller's credentials.
struct AwsSide {
  std::string gateway_address;  // public
  bool running = false;
  bool source_dest_check = false;  // on: packets that the gateway forwards are dropped
  bool wireguard_open = false;     // its security groups let UDP in on the tunnel's port
  std::vector<std::string>
      unrouted;  // networks of the premises that the nodes' route tables do not send to the gateway
};

/// How a probe ended.
struct Probe {
  std::string target;
  bool answered = false;
};

/// Everything that a diagnosis goes by.
struct Evidence {
  std::optional<Interface> device;  // nothing: the tunnel is not up on this host
  std::optional<Duration> handshake_age;
  std::optional<Probe> far_gateway,
      far_gateway_full;           // small, and as large as the tunnel's MTU without fragments
  std::vector<Probe> near_hosts;  // of the premises, asked from the tunnel's address
  std::optional<AwsSide> aws;     // nothing: it was not asked
};

/// What is wrong with the tunnel, each finding by itself, and what is right; a pure function.
std::vector<Finding> diagnose(const Tunnel& tunnel, const Evidence& evidence);

/// Collects evidence on the premises' gateway: wg, and ping(8) through the tunnel. `aws` may be empty.
Evidence collect(const Tunnel& tunnel, Runner& runner, Clock& clock, std::optional<AwsSide> aws,
                 Deadline deadline);

}  // namespace spillway::vpn
