#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "vpn/cidr.h"
#include "vpn/endpoint.h"
#include "vpn/keys.h"

namespace spillway::vpn {

/// One other end, as wg(8) configures it.
struct Peer {
  PublicKey public_key;
  std::vector<Cidr> allowed_ips;
  std::optional<Endpoint> endpoint;  // absent: it calls us, and we answer where it called from
  int64_t keepalive_s = 25;
  bool operator==(const Peer&) const = default;
};

/// What the gateway on AWS is told: it reads this document from the bucket at boot and every few seconds.
/// Nothing in it is secret. Schema spillway.peers/v1; its shell reads it without a JSON parser, so it is
/// written by to_text() only: allowed_ips is one text with commas, and no value has a blank or an escape in
/// it.
struct PeersDocument {
  std::string private_key;  // name of the SSM parameter that holds the gateway's own key
  std::string address;      // of its interface: 10.200.0.2/24
  int64_t listen_port = 51820, mtu = 1420;
  Cidr vpc;  // what it forwards to
  /// Two peers with the same allowed_ips are one host under two keys, while keys are being rotated: the one
  /// that shook hands last gets the packets.
  std::vector<Peer> peers;
  bool operator==(const PeersDocument&) const = default;
};

/// Largest TCP segment whose packet fits into the tunnel.
int64_t mss_v4(int64_t mtu);
int64_t mss_v6(int64_t mtu);

std::string to_text(const PeersDocument& document);
/// Errors: invalid (SPW-VPN-011).
Result<PeersDocument> parse_peers(std::string_view text);

/// Where the document and the keys of the gateways on AWS lie: of the first, and of the second where there
/// are two.
inline constexpr const char* kFirstPlace = "gateway";
inline constexpr const char* kStandbyPlace = "standby";

/// "<uuid>/gateway/peers.json" in the bucket.
std::string peers_key(const std::string& cluster_id, const std::string& place = kFirstPlace);
/// "/spillway/<uuid>/gateway/private-key", the parameter of the key; one that is tried has a number behind.
std::string private_key_parameter(const std::string& cluster_id, const std::string& place = kFirstPlace);
/// "/spillway/<uuid>/gateway/public-key", the parameter of its public half.
std::string public_key_parameter(const std::string& cluster_id, const std::string& place = kFirstPlace);

}  // namespace spillway::vpn
