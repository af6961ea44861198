#include "base/text.h"
#include "vpn/monitor.h"

namespace spillway::vpn {
namespace {

constexpr std::string_view kSchema = "spillway.tunnel/v1";

}  // namespace

Json to_json(const TunnelReport& r) {
  return Json::object({{"schema", kSchema},
                       {"state", to_string(r.state)},
                       {"since", to_iso8601(r.since)},
                       {"at", to_iso8601(r.at)},
                       {"handshake_age_s", r.handshake_age_s ? Json(*r.handshake_age_s) : Json()},
                       {"endpoint", r.endpoint},
                       {"peer", r.peer.value},
                       {"received_bytes", r.received_bytes},
                       {"sent_bytes", r.sent_bytes},
                       {"nodes", r.nodes},
                       {"silent_nodes", r.silent_nodes},
                       {"trouble", r.trouble}});
}

Result<TunnelReport> parse_tunnel(std::string_view text) {
  const Json from = TRY(Json::parse(text));
  if (from["schema"].as_string() != kSchema)
    return Error{Kind::invalid,
                 fmt::format("a tunnel's report of schema {}", in_quotes(from["schema"].as_string()))};
  TunnelReport out;
  const std::string& state = from["state"].as_string();
  if (state != "up" && state != "degraded" && state != "down")
    return Error{Kind::invalid, fmt::format("a tunnel in state {}", in_quotes(state))};
  out.state = state == "up"         ? TunnelState::up
              : state == "degraded" ? TunnelState::degraded
                                    : TunnelState::down;
  out.since = TRY(parse_iso8601(from["since"].as_string()));
  out.at = TRY(parse_iso8601(from["at"].as_string()));
  if (from["handshake_age_s"].is_int()) out.handshake_age_s = from["handshake_age_s"].as_int();
  out.endpoint = from["endpoint"].as_string();
  out.peer = PublicKey{from["peer"].as_string()};
  out.received_bytes = from["received_bytes"].as_int();
  out.sent_bytes = from["sent_bytes"].as_int();
  if (from["nodes"].is_int()) out.nodes = from["nodes"].as_int();
  if (from["silent_nodes"].is_int()) out.silent_nodes = from["silent_nodes"].as_int();
  out.trouble = from["trouble"].as_string();
  return out;
}

}  // namespace spillway::vpn
