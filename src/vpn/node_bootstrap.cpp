#include "vpn/node_bootstrap.h"

#include "base/script.h"
#include "vpn/codes.h"

namespace spillway::vpn {

extern const std::string kNodeTunnel;  // share/bootstrap/tunnel.sh

Result<std::string> render_node_tunnel(const VpnSite& site) {
  TRY(check(site.vpn));  // interface, endpoint
  const Networks networks = TRY(networks_of(site.vpn, site.vpc_cidr));
  if (site.near_key.empty())
    return Error{Kind::invalid, kNoPeerYet, "the public key of the premises' gateway is not known"};
  const PublicKey key = TRY(parse_public_key(site.near_key.value));
  const Endpoint endpoint = TRY(Endpoint::parse(site.vpn.endpoint));
  std::string allowed = TRY(Cidr::parse(networks.onprem_end.value)).to_string();
  for (const Cidr& network : networks.onprem) allowed += "," + network.to_string();
  return filled_script(kNodeTunnel,
                       {{"INTERFACE", site.vpn.interface},
                        {"PEER", key.value},
                        {"ENDPOINT", endpoint.to_string()},
                        {"NETWORKS", allowed},
                        {"KEEPALIVE", std::to_string(site.vpn.keepalive_s)},
                        {"MTU", std::to_string(site.vpn.mtu)},
                        {"SRUN", fmt::format("{}-{}", site.srun_first_port, site.srun_last_port)}});
}

}  // namespace spillway::vpn
