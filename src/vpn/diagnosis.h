#pragma once
#include "base/health.h"
#include "vpn/aws_side.h"
#include "vpn/cidr.h"
#include "vpn/device.h"
#include "vpn/prober.h"

namespace spillway::vpn {

/// A host on the premises that the cloud must reach.
struct NearHost {
  Endpoint at;
  bool there = false;           // asked from the LAN: whether it is up at all
  bool answers_tunnel = false;  // asked from the tunnel's address, as the cloud's packets come
};

/// What probes from both sides saw of the tunnel. What was not asked, or did not answer, is absent.
struct Evidence {
  std::vector<NamedCidr> networks;  // of the configuration, by name
  bool interface_there = true;
  std::string interface_trouble;  // why it cannot be read
  PublicKey near_key, far_key;    // ours as the interface has it; the far one's as configured
  int64_t listen_port = 51820, mtu = 1420;

  // Two looks at the interface, packets having been sent in between.
  std::optional<PeerState> first, last;
  Duration between{};
  Time at{};

  std::string endpoint;              // as configured
  std::optional<Endpoint> resolved;  // where it points now
  std::string resolving_failed;

  std::optional<PingAnswer> far_small;  // to the far gateway's tunnel address
  std::optional<PingAnswer> far_large;  // filling the tunnel's MTU, not to be fragmented
  IpAddress far_host;                   // of a machine behind the far gateway; empty: none is known
  std::optional<PingAnswer> far_host_answers;
  std::vector<NearHost> near_hosts;

  AwsFacts aws;
  std::string aws_trouble;
};

/// Names what is wrong, the cause before its effects; with nothing wrong, one good finding with the figures.
std::vector<Finding> diagnose(const Evidence& evidence);

}  // namespace spillway::vpn
