#pragma once
#include "vpn/device.h"
#include "vpn/diagnosis.h"
#include "vpn/prober.h"
#include "vpn/vpn_site.h"

namespace spillway::vpn {

/// Gathers the evidence for diagnose(): looks, pings, asks the controllers from the tunnel's address, and AWS
/// where site.aws is; changes nothing. It takes some 3 s, and what does not answer by the deadline is absent.
/// `far_host` is a machine behind the far gateway; empty: none is asked.
Evidence examine(const VpnSite& site, Device& device, Prober& prober, const Resolver& resolver, Clock& clock,
                 const IpAddress& far_host, Deadline deadline);

}  // namespace spillway::vpn
