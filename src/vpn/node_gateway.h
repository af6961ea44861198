#pragma once
#include "base/health.h"
#include "vpn/gateway_loop.h"
#include "vpn/node_peers.h"

namespace spillway::vpn {

/// The premises' gateway with vpn.mode: node. It holds no list of its own: the interface gets the peers of
/// the document that was read last, and nobody else, so that neither a crash nor a lost journal leaves a
/// stale peer.
class NodeGateway {
 public:
  NodeGateway(Device& device, Cidr vpc) : device_(device), vpc_(std::move(vpc)) {}

  /// Takes the document in as it was read. One that cannot be read, or is none, changes nothing: what is not
  /// known is no reason to cut nodes off. Whether it differs from the last one.
  bool take(const Result<std::string>& document);
  /// Makes the interface as the document says, also after a restart of it, and tells what it sees: down when
  /// every node is silent, degraded when some are.
  TunnelReport tick(Time now);

 private:
  Device& device_;
  Cidr vpc_;
  std::optional<std::string> text_;  // of the document
  AcceptedNodes wanted_;
  std::string trouble_;
  TunnelReport report_;
};

/// A node that shook hands once and does not any more.
bool is_silent(const PeerState& peer, Time now);
/// What `vpn check` and `doctor` say of a gateway whose peers are nodes.
std::vector<Finding> diagnose_nodes(const InterfaceState& state, const std::optional<TunnelReport>& word,
                                    Time now);

/// What the loop asks of the world around it.
struct NodeSurroundings {
  std::filesystem::path file;  // /run/spillway/tunnel.json
  std::function<bool()> stop;
  /// The document, when it was read since the last question.
  std::function<std::optional<Result<std::string>>()> read;
};
/// Follows the document until `stop`, and writes `file` once a second. Errors: io (the file cannot be written
/// at the start).
Result<void> run_node_gateway(NodeGateway& gateway, Clock& clock, const NodeSurroundings& around);

}  // namespace spillway::vpn
