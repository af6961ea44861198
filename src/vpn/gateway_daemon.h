#pragma once
#include "base/command.h"
#include "vpn/commands.h"

namespace spillway::vpn {

/// `spillway daemon --role gateway`: keeps the tunnel up from the premises' gateway until SIGTERM. Runs as
/// root, or with CAP_NET_ADMIN and CAP_NET_RAW. Errors: those of the configuration; not_found (SPW-VPN-006,
/// -009).
Result<int> run_gateway(const SiteLoader& load, const Invocation& asked);

}  // namespace spillway::vpn
