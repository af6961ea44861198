#include "vpn/node_gateway.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/log.h"
#include "vpn/codes.h"

namespace spillway::vpn {
namespace {

using std::chrono::seconds;

// WireGuard renews a session after 120 s while packets flow, and nodes send one every few seconds; a session
// is dead after 180 s (REJECT_AFTER_TIME).
constexpr seconds kDeadSession{180};

Deadline soon() {
  return Deadline::after(seconds{5});
}

std::string some(const std::vector<std::string>& all) {
  return fmt::format("{}{}", fmt::join(all.begin(), all.begin() + std::min<long>(3, std::ssize(all)), "; "),
                     all.size() > 3 ? fmt::format(" and {} more", all.size() - 3) : "");
}

}  // namespace

bool is_silent(const PeerState& peer, Time now) {
  return peer.latest_handshake && now - *peer.latest_handshake > kDeadSession;
}

bool NodeGateway::take(const Result<std::string>& document) {
  const auto words = [&] {
    return wanted_.refused.empty() ? "" : fmt::format("{}: {}", kBadNodes.id, some(wanted_.refused));
  };
  if (document && text_ == *document) {
    trouble_ = words();
    return false;
  }
  const auto nodes = document ? parse_nodes(*document) : Result<std::vector<NodePeer>>{document.error()};
  if (!nodes) {
    trouble_ = fmt::format("{}: {}", kNodesUnread.id, nodes.error().what);
    return false;
  }
  text_ = *document;
  wanted_ = peers_of(*nodes, vpc_);
  trouble_ = words();
  return true;
}

TunnelReport NodeGateway::tick(Time now) {
  if (report_.since == Time{}) report_.since = now;
  report_.at = now;
  report_.trouble = trouble_;
  // Who knows no document yet leaves the peers as the last process had them.
  if (text_)
    if (auto synced = device_.sync(wanted_.peers, soon()); !synced) report_.trouble = synced.error().what;
  const auto shown = device_.show(soon());
  TunnelState next = TunnelState::down;
  if (shown) {
    report_.nodes = std::ssize(shown->peers);
    report_.silent_nodes = std::count_if(shown->peers.begin(), shown->peers.end(),
                                         [&](const PeerState& peer) { return is_silent(peer, now); });
    report_.received_bytes = report_.sent_bytes = 0;
    report_.handshake_age_s.reset();
    for (const PeerState& peer : shown->peers) {
      report_.received_bytes += peer.rx_bytes;
      report_.sent_bytes += peer.tx_bytes;
      if (!peer.latest_handshake) continue;
      const int64_t age =
          std::max<int64_t>(0, std::chrono::floor<seconds>(now - *peer.latest_handshake).count());
      report_.handshake_age_s = std::min(report_.handshake_age_s.value_or(age), age);
    }
    next = report_.silent_nodes == 0               ? TunnelState::up
           : report_.silent_nodes == report_.nodes ? TunnelState::down
                                                   : TunnelState::degraded;
  } else {
    report_.trouble = shown.error().what;
  }
  if (next != report_.state) report_.since = now;
  report_.state = next;
  return report_;
}

std::vector<Finding> diagnose_nodes(const InterfaceState& state, const std::optional<TunnelReport>& word,
                                    Time now) {
  std::vector<Finding> out;
  std::vector<std::string> silent;
  for (const PeerState& peer : state.peers)
    if (is_silent(peer, now))
      silent.push_back(peer.allowed_ips.empty() ? peer.public_key.value : peer.allowed_ips[0].to_string());
  if (!silent.empty())
    out.push_back(bad(kSilentNodes, fmt::format("{} of {} nodes are silent: {}", silent.size(),
                                                state.peers.size(), some(silent))));
  if (!word || now - word->at > seconds{5})
    out.push_back(bad(kNodesUnread, "nobody follows the document of the nodes on this host"));
  else if (!word->trouble.empty())
    out.push_back(bad(kNodesUnread, word->trouble));
  if (out.empty()) out.push_back(good(fmt::format("{} nodes, none silent", state.peers.size())));
  return out;
}

Result<void> run_node_gateway(NodeGateway& gateway, Clock& clock, const NodeSurroundings& around) {
  std::optional<TunnelReport> last;
  while (!around.stop()) {
    const auto document = around.read();
    const bool changed = document && gateway.take(*document);
    const Time now = clock.now();
    if (changed || !last || now - last->at >= seconds{1}) {
      const TunnelReport report = gateway.tick(now);
      if (changed || !last || last->trouble != report.trouble || last->state != report.state)
        log::info("vpn", "{} nodes, {} silent{}{}", report.nodes, report.silent_nodes,
                  report.trouble.empty() ? "" : "; ", report.trouble);
      auto written = publish(around.file, report);
      if (!written && !last) return written;
      if (!written) log::error("vpn", "{}", written.error().what);
      last = report;
    }
    clock.sleep_for(std::chrono::milliseconds{100});
  }
  return {};
}

}  // namespace spillway::vpn
