#pragma once
#include "lab/workbench.h"

namespace spillway::lab {

/// A WireGuard tunnel (wireguard-go) between the two gateways that carries 192.168.10.0/24 to 172.31.0.0/16
/// and back. Returns when packets cross it. Errors: SPW-LAB-008.
Result<void> start_tunnel(const Workbench& bench);

}  // namespace spillway::lab
