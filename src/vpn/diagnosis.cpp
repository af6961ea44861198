#include "vpn/diagnosis.h"

#include <algorithm>

#include "vpn/codes.h"

namespace spillway::vpn {
namespace {

using std::chrono::seconds;

/// A session is good for 180 s (REJECT_AFTER_TIME); an older handshake carries nothing.
constexpr int64_t kSessionLives = 180;

std::optional<int64_t> handshake_age(const Evidence& e) {
  if (!e.last || !e.last->latest_handshake) return std::nullopt;
  return std::max<int64_t>(0, (e.at - *e.last->latest_handshake) / seconds{1});
}

std::string told_age(const Evidence& e) {
  const auto age = handshake_age(e);
  return age ? fmt::format("last handshake {} s ago", *age) : "no handshake yet";
}

bool has_session(const Evidence& e) {
  const auto age = handshake_age(e);
  return age && *age < kSessionLives;
}

/// Packets cross it: the far gateway answered, or, where nobody can ping, its own came in.
bool crosses(const Evidence& e) {
  if (e.far_small) return e.far_small->answered();
  return has_session(e) && e.first && e.last && e.last->rx_bytes > e.first->rx_bytes;
}

std::optional<Finding> find_overlap(const Evidence& e) {
  const auto disjoint = check_disjoint(e.networks);
  if (disjoint) return std::nullopt;
  return bad(kOverlap, disjoint.error().what);
}

std::optional<Finding> find_wrong_key(const Evidence& e) {
  if (e.last && !e.far_key.empty() && e.last->public_key != e.far_key)
    return bad(kWrongKey, fmt::format("the interface has a peer {}, the configuration says {}",
                                      e.last->public_key, e.far_key));
  if (!e.aws.public_key.empty() && !e.far_key.empty() && e.aws.public_key != e.far_key)
    return bad(kWrongKey, fmt::format("the gateway on AWS has the public key {}, here stands {}",
                                      e.aws.public_key, e.far_key));
  const auto& told = e.aws.near_keys;
  if (!told.empty() && !e.near_key.empty() && std::find(told.begin(), told.end(), e.near_key) == told.end())
    return bad(kWrongKey, fmt::format("this gateway has the public key {}, the one on AWS is told {}",
                                      e.near_key, told.front()));
  return std::nullopt;
}

std::optional<Finding> find_moved(const Evidence& e) {
  if (!e.last || !e.last->endpoint) return std::nullopt;
  const Endpoint& used = *e.last->endpoint;
  if (e.resolved && e.resolved->host != used.host)
    return bad(kEndpointMoved, fmt::format("{} is {} now, and the tunnel sends to {}", e.endpoint,
                                           e.resolved->host, used.host));
  if (!e.aws.public_address.empty() && e.aws.public_address != used.host)
    return bad(kEndpointMoved,
               fmt::format("the gateway on AWS has the address {}, and the tunnel sends to {}",
                           e.aws.public_address, used.host));
  return std::nullopt;
}

std::optional<Finding> find_source_dest(const Evidence& e) {
  if (!e.aws.source_dest_check.value_or(false)) return std::nullopt;
  return bad(kSourceDestCheck, "the source/destination check of the gateway on AWS is on");
}

/// The one cause of a tunnel that carries nothing.
Finding why_dead(const Evidence& e) {
  if (auto wrong = find_wrong_key(e)) return *wrong;
  if (e.aws.running && !*e.aws.running) return bad(kStopped, "the gateway's instance on AWS does not run");
  if (e.aws.tunnel_port_open && !*e.aws.tunnel_port_open)
    return bad(kGroupClosed, fmt::format("UDP {} is closed in the gateway's security group; {}",
                                         e.listen_port, told_age(e)));
  if (auto moved = find_moved(e)) return *moved;
  if (!e.resolving_failed.empty()) return bad(kNoName, e.resolving_failed);
  if (e.last && e.last->keepalive_s == 0 && e.last->latest_handshake)
    return bad(kNoKeepalive, fmt::format("nothing comes back, {}, and the keepalive is off", told_age(e)));
  if (has_session(e))
    return bad(kSilent, fmt::format("{}, and the far gateway answers nothing", told_age(e)));
  return bad(kNoHandshake, fmt::format("{}; {} bytes sent and {} received in between", told_age(e),
                                       e.first && e.last ? e.last->tx_bytes - e.first->tx_bytes : 0,
                                       e.first && e.last ? e.last->rx_bytes - e.first->rx_bytes : 0));
}

/// What can be wrong with hosts behind the gateways of a tunnel that carries packets.
void find_routes(const Evidence& e, std::vector<Finding>& out) {
  const auto source_dest = find_source_dest(e);
  if (source_dest) out.push_back(*source_dest);
  for (const std::string& network : e.aws.unrouted)
    out.push_back(bad(kUnrouted, fmt::format("no route to {} in the nodes' subnets", network)));
  if (e.far_host_answers && !e.far_host_answers->answered() && e.aws.unrouted.empty() && !source_dest)
    out.push_back(
        bad(kUnrouted, fmt::format("the gateway on AWS answers, {} behind it does not", e.far_host)));
  for (const NearHost& host : e.near_hosts)
    if (host.there && !host.answers_tunnel)
      out.push_back(bad(
          kNoWayBack, fmt::format("{} answers the LAN, but not the tunnel's address", host.at.to_string())));
}

std::string figures(const Evidence& e) {
  std::string out =
      handshake_age(e) ? fmt::format("handshake {} s ago", *handshake_age(e)) : "packets cross it";
  if (e.far_small && e.far_small->average_ms) out += fmt::format(", {:.1f} ms", *e.far_small->average_ms);
  return out + fmt::format(", MTU {}", e.mtu);
}

}  // namespace

std::vector<Finding> diagnose(const Evidence& e) {
  std::vector<Finding> out;
  if (auto overlap = find_overlap(e)) out.push_back(*overlap);
  if (!e.interface_there) {
    out.push_back(bad(kNoInterface, e.interface_trouble));
    return out;
  }
  if (!crosses(e)) {
    out.push_back(why_dead(e));
    if (auto check = find_source_dest(e)) out.push_back(*check);
    return out;
  }
  // From here on the tunnel carries packets: what else differs is a warning for the next restart.
  const auto as_warning = [&](std::optional<Finding> found) {
    if (!found) return;
    found->health = Health::warning;
    out.push_back(*found);
  };
  as_warning(find_wrong_key(e));
  as_warning(find_moved(e));
  if (!e.resolving_failed.empty()) out.push_back(warning(kNoName, e.resolving_failed));
  if (e.aws.tunnel_port_open && !*e.aws.tunnel_port_open)
    out.push_back(warning(
        kGroupClosed, fmt::format("UDP {} is closed in the gateway's security group; the flow lives on only "
                                  "because it is tracked",
                                  e.listen_port)));
  if (e.last && e.last->keepalive_s == 0)
    out.push_back(warning(kNoKeepalive, "the keepalive is off: an idle tunnel dies behind a NAT"));
  const bool small = e.far_small && e.far_small->answered();
  if (small && e.far_large && !e.far_large->answered())
    out.push_back(bad(kBlackHole, fmt::format("packets of {} bytes are lost, small ones arrive", e.mtu)));
  else if (small && e.far_small->received * 5 < e.far_small->sent * 4)
    out.push_back(warning(
        kDegraded, fmt::format("{} of {} packets were answered", e.far_small->received, e.far_small->sent)));
  find_routes(e, out);
  if (out.empty()) out.push_back(good(figures(e)));
  return out;
}

}  // namespace spillway::vpn
