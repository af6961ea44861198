#pragma once
#include <functional>
#include <vector>

#include "base/command.h"
#include "vpn/tunnel.h"

namespace spillway::vpn {

/// The tunnel as the configuration says and apply made it.
using LoadTunnel = std::function<Result<Tunnel>(const Invocation&)>;

/// vpn config and vpn status.
std::vector<Command> commands(LoadTunnel load);

}  // namespace spillway::vpn
