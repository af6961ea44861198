#pragma once
#include "base/command.h"
#include "site/resource.h"
#include "vpn/diagnose.h"

namespace spillway::site {

/// What AWS says of the tunnel's far end: the gateway instance, its groups, and the routes of the nodes'
/// subnets, by the cluster's tag. Errors: credentials, those of Client::call.
Result<vpn::AwsSide> ask_aws_side(const Invocation& asked, const vpn::Tunnel& tunnel);
/// The same from what was observed; a pure function.
vpn::AwsSide aws_side_of(const vpn::Tunnel& tunnel, const Actuals& actuals);

}  // namespace spillway::site
