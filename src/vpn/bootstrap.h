#pragma once
#include <string>

#include "base/error.h"
#include "vpn/peers.h"

namespace spillway::vpn {

/// What the gateway's user-data must know; none of it is secret.
struct GatewayValues {
  std::string cluster;  // the cluster's uuid
  std::string region, bucket;
  std::string interface = "wg-spillway";
  std::string place = kFirstPlace;           // of its document and its key
  bool pair = false;                         // there are two: whoever hears the premises takes the routes
  std::string dns_suffix = "amazonaws.com";  // of the region's partition
};

/// The user-data of the gateway on AWS: share/bootstrap/gateway.sh with the values filled in. Each value may
/// only have the letters of its kind, so that none can become shell. Errors: invalid (SPW-VPN-007) names the
/// value.
Result<std::string> render_gateway_user_data(const GatewayValues& values);

}  // namespace spillway::vpn
