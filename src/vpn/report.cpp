#include "vpn/report.h"

#include <fmt/ranges.h>

#include "base/file.h"

namespace spillway::vpn {
namespace {

using std::chrono::seconds;

constexpr seconds kFresh{5};  // the monitor writes once a second

Json peer_json(const PeerState& peer, Time now) {
  Json allowed = Json::array();
  for (const Cidr& cidr : peer.allowed_ips) allowed.push(cidr.to_string());
  Json out = Json::object({{"public_key", peer.public_key.value},
                           {"endpoint", peer.endpoint ? peer.endpoint->to_string() : ""},
                           {"allowed_ips", std::move(allowed)},
                           {"received_bytes", peer.rx_bytes},
                           {"sent_bytes", peer.tx_bytes},
                           {"keepalive_s", peer.keepalive_s}});
  if (peer.latest_handshake) out.set("handshake_age_s", int64_t{(now - *peer.latest_handshake) / seconds{1}});
  return out;
}

/// By the handshakes alone, which WireGuard renews every two minutes while packets flow.
std::string_view state_of(const InterfaceState& state, Time now) {
  for (const PeerState& peer : state.peers)
    if (peer.latest_handshake && now - *peer.latest_handshake < seconds{180}) return "up";
  return "down";
}

std::string megabytes(const Json& bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes.as_int()) / 1e6);
}

std::string sign_of(const std::string& health) {
  return health == "good" ? "√" : health == "warning" ? "‼" : "×";
}

}  // namespace

std::optional<TunnelReport> monitors_word(const std::filesystem::path& run_dir) {
  const auto text = read_file(run_dir / "tunnel.json", 1 << 16);
  const auto report = text ? parse_tunnel(*text) : Error{Kind::not_found, ""};
  return report ? std::optional{*report} : std::nullopt;
}

Json status_report(const VpnSite& site, const InterfaceState& state, const std::optional<TunnelReport>& word,
                   Time now) {
  const bool fresh = word && now - word->at < kFresh;
  Json peers = Json::array();
  for (const PeerState& peer : state.peers) peers.push(peer_json(peer, now));
  return Json::object({{"schema", "spillway.vpn-status/v1"},
                       {"cluster", site.cluster},
                       {"interface", site.vpn.interface},
                       {"public_key", state.public_key.value},
                       {"listen_port", state.listen_port},
                       {"state", fresh                                           ? to_string(word->state)
                                 : state.peers.empty() && is_node_mode(site.vpn) ? to_string(TunnelState::up)
                                                                                 : state_of(state, now)},
                       {"since", fresh ? Json(to_iso8601_seconds(word->since)) : Json()},
                       {"monitored", fresh},
                       {"peers", std::move(peers)}});
}

std::string status_text(const Json& r) {
  std::string out =
      fmt::format("tunnel {} ({}) is {}{}\n", r["interface"].as_string(), r["cluster"].as_string(),
                  r["state"].as_string(), r["since"].is_null() ? "" : " since " + r["since"].as_string());
  if (!r["monitored"].as_bool()) out += "  nobody watches it: systemctl start spillway-gateway\n";
  for (const Json& peer : r["peers"].items()) {
    std::vector<std::string> allowed;
    for (const Json& cidr : peer["allowed_ips"].items()) allowed.push_back(cidr.as_string());
    const std::string& endpoint = peer["endpoint"].as_string();
    out += fmt::format(
        "  peer {}\n    endpoint   {}\n    networks   {}\n    handshake  {}\n    crossed    {} in, {} out\n",
        peer["public_key"].as_string(), endpoint.empty() ? "it has not called yet" : endpoint,
        allowed.empty() ? "none" : fmt::format("{}", fmt::join(allowed, ", ")),
        peer["handshake_age_s"].is_null() ? "never"
                                          : fmt::format("{} s ago", peer["handshake_age_s"].as_int()),
        megabytes(peer["received_bytes"]), megabytes(peer["sent_bytes"]));
  }
  if (r["peers"].size() == 0) out += "  it has no peer\n";
  out.pop_back();
  return out;
}

Json ping_report(const PingOrder& order, const PingAnswer& answer) {
  return Json::object({{"schema", "spillway.vpn-ping/v1"},
                       {"to", order.to.value},
                       {"sent", answer.sent},
                       {"received", answer.received},
                       {"average_ms", answer.average_ms ? Json(*answer.average_ms) : Json()}});
}

std::string ping_text(const Json& r) {
  return fmt::format(
      "{}: {} of {} packets came back{}", r["to"].as_string(), r["received"].as_int(), r["sent"].as_int(),
      r["average_ms"].is_null() ? "" : fmt::format(", {:.1f} ms", r["average_ms"].as_double()));
}

Json check_report(const std::vector<Finding>& findings) {
  Json list = Json::array();
  int failed = 0;
  for (const Finding& found : findings) {
    failed += found.health == Health::bad;
    Json one = Json::object({{"health", found.health == Health::good      ? "good"
                                        : found.health == Health::warning ? "warning"
                                                                          : "bad"},
                             {"what", found.what}});
    if (!found.code.empty()) one.set("code", found.code).set("why", found.why).set("fix", found.fix);
    list.push(std::move(one));
  }
  return Json::object(
      {{"schema", "spillway.vpn-check/v1"}, {"failed", failed}, {"findings", std::move(list)}});
}

std::string check_text(const Json& r) {
  std::string out;
  for (const Json& found : r["findings"].items()) {
    out += fmt::format("vpn {} {}", sign_of(found["health"].as_string()), found["what"].as_string());
    if (!found["code"].as_string().empty())
      out += fmt::format("\n  why  {}\n  fix  {}  ({})", found["why"].as_string(), found["fix"].as_string(),
                         found["code"].as_string());
    out += "\n";
  }
  if (!out.empty()) out.pop_back();
  return out;
}

Json files_report(const std::string& side, const PublicKey& near_key, const std::vector<GatewayFile>& files) {
  Json list = Json::array();
  for (const GatewayFile& file : files)
    list.push(Json::object({{"path", file.path}, {"content", file.content}, {"then", file.then}}));
  return Json::object({{"schema", "spillway.vpn-config/v1"},
                       {"side", side},
                       {"onprem_public_key", near_key.value},
                       {"files", std::move(list)}});
}

std::string files_text(const Json& r) {
  std::string out;
  for (const Json& file : r["files"].items())
    out += fmt::format("==> {}\n{}\n", file["path"].as_string(), file["content"].as_string());
  return out + fmt::format("The premises' gateway's public key is {}", r["onprem_public_key"].as_string());
}

std::string files_list(const Json& r, const std::string& root) {
  std::string out;
  for (const Json& file : r["files"].items())
    out += fmt::format("{}\n", (std::filesystem::path(root) / file["path"].as_string().substr(1)).string());
  out += "Then, on the gateway:\n";
  for (const Json& file : r["files"].items())
    if (!file["then"].as_string().empty()) out += fmt::format("  {}\n", file["then"].as_string());
  return out + fmt::format("The premises' gateway's public key is {}", r["onprem_public_key"].as_string());
}

}  // namespace spillway::vpn
