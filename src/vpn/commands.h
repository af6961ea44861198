#pragma once
#include <functional>
#include <vector>

#include "base/command.h"
#include "vpn/vpn_site.h"

namespace spillway::vpn {

/// Gives the commands the loaded site.
using SiteLoader = std::function<Result<VpnSite>(const Invocation&)>;

/// vpn status, vpn ping, vpn check, vpn config, vpn rotate.
std::vector<Command> commands(const SiteLoader& load);

}  // namespace spillway::vpn
