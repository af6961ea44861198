#pragma once
#include <optional>
#include <string>
#include <vector>

#include "vpn/peers.h"

// With vpn.mode: node each compute node is a peer of the premises' gateway. The node makes its key pair and
// names the public half in the bucket, where only its own role session can; the head tells the gateway which
// key has which address. See docs/decisions/0011.
namespace spillway::vpn {

/// A compute node as the premises' gateway is to know it.
struct NodePeer {
  NodeName node;
  InstanceId instance;
  PublicKey public_key;
  IpAddress address;  // in the VPC: the only one that it may send from
  auto operator<=>(const NodePeer&) const = default;
};

/// What the premises' gateway is told, whole each time: schema spillway.nodes/v1. Nothing in it is secret.
std::string nodes_text(const std::vector<NodePeer>& nodes);
/// Errors: invalid (SPW-VPN-001, -011).
Result<std::vector<NodePeer>> parse_nodes(std::string_view text);

/// The nodes as WireGuard's peers, each with its address and nothing else. They call us. One whose address
/// lies outside `vpc`, or who has another's address or key, is left out: `refused` says why (SPW-VPN-033).
struct AcceptedNodes {
  std::vector<Peer> peers;
  std::vector<std::string> refused;
};
AcceptedNodes peers_of(const std::vector<NodePeer>& nodes, const Cidr& vpc);

/// "<uuid>/tunnel/nodes.json" in the bucket.
std::string nodes_key(const std::string& cluster_id);
/// "<uuid>/keys/<role id>:", below which nodes name their keys.
std::string node_keys_prefix(const std::string& cluster_id, const std::string& role_id);

/// A public key that an instance named: "<uuid>/keys/<role id>:<instance>/<key>", an empty object. The key is
/// its name, in base64 for URLs (RFC 4648, section 5) without padding, so that one list tells all keys.
struct NamedKey {
  InstanceId instance;
  PublicKey public_key;
  std::string object;  // its whole name
  auto operator<=>(const NamedKey&) const = default;
};
/// Nothing, when it is no such name.
std::optional<NamedKey> parse_named_key(const std::string& prefix, const std::string& object);

}  // namespace spillway::vpn
