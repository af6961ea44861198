#pragma once
#include <string>

#include "vpn/vpn_site.h"

namespace spillway::vpn {

/// What a compute node does to become a peer of the premises' gateway, as a part of its user-data:
/// share/bootstrap/tunnel.sh with the site's values, none of which is secret. Each may only have the letters
/// of its kind, so that none can become shell. Errors: invalid (SPW-VPN-001, -004, -005, -006: the premises'
/// key is not known, -007).
Result<std::string> render_node_tunnel(const VpnSite& site);

}  // namespace spillway::vpn
