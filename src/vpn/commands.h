#pragma once
#include <functional>
#include <vector>

#include "base/command.h"
#include "vpn/diagnose.h"
#include "vpn/tunnel.h"

namespace spillway::vpn {

/// The tunnel as the configuration says and apply made it.
using LoadTunnel = std::function<Result<Tunnel>(const Invocation&)>;

/// What AWS says of the far end, with the caller's own credentials.
using AskAws = std::function<Result<AwsSide>(const Invocation&, const Tunnel&)>;

/// vpn config, status and check.
std::vector<Command> commands(LoadTunnel load, AskAws ask_aws);

}  // namespace spillway::vpn
