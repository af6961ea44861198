#pragma once
#include <string>
#include <vector>

#include "vpn/vpn_site.h"

namespace spillway::vpn {

/// A file that a gateway needs. None holds a secret: the private key stays in its own file.
struct GatewayFile {
  std::string path;  // where it belongs on the gateway: /etc/wireguard/wg-spillway.conf
  std::string content;
  std::string then;  // the command that puts it to use; empty: none
  unsigned mode = 0644;
};

/// "/etc/wireguard/wg-spillway.conf".
std::string wg_quick_path(const VpnConfig& vpn);

/// The gateways on AWS as the premises' gateway sees them: the first carries the networks; a standby stands
/// by with none, until the monitor gives them to it. None where each node is a peer.
Result<std::vector<Peer>> far_peers(const VpnSite& site);
/// The premises' gateway as those on AWS see it.
Result<Peer> near_peer(const VpnSite& site, const PublicKey& near_key);
/// What the gateway on AWS is to be told. `private_key` is the parameter with its own key.
Result<PeersDocument> peers_document(const VpnSite& site, const PublicKey& near_key,
                                     const std::string& private_key);

/// wg-quick file, firewall, units and LAN routes of the premises' gateway. Errors: invalid (SPW-VPN-001 to
/// -007), not_found (SPW-VPN-006: nothing stands on AWS yet).
Result<std::vector<GatewayFile>> onprem_files(const VpnSite& site);
/// The mirror image, for sites that run their own gateway on AWS; ours configures itself from the document.
/// Errors: the same, and invalid (SPW-VPN-019: each node is a peer).
Result<std::vector<GatewayFile>> aws_files(const VpnSite& site, const PublicKey& near_key);

}  // namespace spillway::vpn
