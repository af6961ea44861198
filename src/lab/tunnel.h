#pragma once
#include "lab/workbench.h"

namespace spillway::lab {

/// Brings up the premises' end of the tunnel from the product's own files, with wg-quick, and its monitor;
/// the other end is the gateway that `spillway apply` launched. Returns after the first handshake. Errors:
/// SPW-LAB-008.
Result<void> start_tunnel(const Workbench& bench);
/// `spillway daemon --role gateway` on the premises' gateway. Errors: conflict (it runs).
Result<void> start_tunnel_monitor(const Workbench& bench);
/// The tunnel of a plugin v2 site, both ends made by hand, on the hosts gw-onprem and gw-aws.
Result<void> start_tunnel_by_hand(const Workbench& bench);

}  // namespace spillway::lab
