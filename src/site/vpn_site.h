#pragma once
#include "base/command.h"
#include "vpn/vpn_site.h"

namespace spillway::site {

/// The tunnel as the configuration says, and as the last apply made it (its record tells the gateway's
/// address and key); AWS is asked only when the commands ask its parts. Errors: those of the configuration;
/// denied (SPW-VPN-002: others can read the private key), invalid.
Result<vpn::VpnSite> load_vpn_site(const Invocation& asked);

/// The public key of the premises' gateway: as it is said, or of the key file that lies here; empty when
/// neither is configured. Errors: those of load_private_key(), when it is not said; invalid (SPW-VPN-017:
/// they differ).
Result<vpn::PublicKey> near_key_of(const vpn::VpnConfig& config);

}  // namespace spillway::site
