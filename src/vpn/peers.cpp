#include "vpn/peers.h"

#include "base/text.h"
#include "vpn/codes.h"

namespace spillway::vpn {
namespace {

constexpr std::string_view kSchema = "spillway.peers/v1";

Error bad(std::string_view what) {
  return Error{Kind::invalid, kBadDocument, fmt::format("the peers document: {}", what)};
}

Result<int64_t> number(const Json& from, std::string_view name, int64_t low, int64_t high) {
  const Json& value = from[name];
  if (!value.is_int() || value.as_int() < low || value.as_int() > high)
    return bad(fmt::format("{} is not {} to {}", name, low, high));
  return value.as_int();
}

Result<std::string> parameter_name(const std::string& text) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.-";
  if (!text.starts_with("/spillway/") || text.size() > 1000 ||
      text.find_first_not_of(kLetters) != std::string::npos)
    return bad(fmt::format("private_key is not a parameter of ours: {}", in_quotes(text)));
  return text;
}

/// "10.200.0.2/24": an address with the network that it lies in.
Result<std::string> interface_address(const std::string& text) {
  const size_t slash = text.find('/');
  const auto address = Cidr::parse(text.substr(0, slash));
  const auto prefix = slash == std::string::npos ? std::nullopt : parse_int(text.substr(slash + 1));
  if (!address || !prefix || *prefix < 8 || *prefix > address->prefix())
    return bad(fmt::format("address is not one: {}", in_quotes(text)));
  return text;
}

std::string joined(const std::vector<Cidr>& networks) {
  std::string out;
  for (const Cidr& cidr : networks) out += (out.empty() ? "" : ",") + cidr.to_string();
  return out;
}

Result<Peer> read_peer(const Json& from) {
  Peer peer;
  peer.public_key = TRY(parse_public_key(from["public_key"].as_string()));
  for (const std::string_view text : split(from["allowed_ips"].as_string(), ','))
    peer.allowed_ips.push_back(TRY(Cidr::parse(text)));
  if (const std::string& text = from["endpoint"].as_string(); !text.empty())
    peer.endpoint = TRY(Endpoint::parse(text));
  peer.keepalive_s = TRY(number(from, "keepalive_s", 0, 65535));
  return peer;
}

}  // namespace

int64_t mss_v4(int64_t mtu) {
  return mtu - 40;
}
int64_t mss_v6(int64_t mtu) {
  return mtu - 60;
}

std::string to_text(const PeersDocument& d) {
  Json peers = Json::array();
  for (const Peer& peer : d.peers) {
    peers.push(Json::object({{"public_key", peer.public_key.value},
                             {"endpoint", peer.endpoint ? peer.endpoint->to_string() : ""},
                             {"allowed_ips", joined(peer.allowed_ips)},
                             {"keepalive_s", peer.keepalive_s}}));
  }
  return Json::object({{"schema", kSchema},
                       {"private_key", d.private_key},
                       {"address", d.address},
                       {"listen_port", d.listen_port},
                       {"mtu", d.mtu},
                       {"vpc", d.vpc.to_string()},
                       {"peers", std::move(peers)}})
      .dump();
}

Result<PeersDocument> parse_peers(std::string_view text) {
  const Json from = TRY(Json::parse(text));
  if (from["schema"].as_string() != kSchema)
    return bad(fmt::format("its schema is {}", in_quotes(from["schema"].as_string())));
  PeersDocument out;
  out.private_key = TRY(parameter_name(from["private_key"].as_string()));
  out.address = TRY(interface_address(from["address"].as_string()));
  out.listen_port = TRY(number(from, "listen_port", 1, 65535));
  out.mtu = TRY(number(from, "mtu", 1280, 8921));
  out.vpc = TRY(Cidr::parse(from["vpc"].as_string()));
  for (const Json& peer : from["peers"].items()) {
    out.peers.push_back(TRY(read_peer(peer)));
    for (const Cidr& cidr : out.peers.back().allowed_ips)
      if (cidr.prefix() == 0) return bad("a peer may send from everywhere");
  }
  return out;
}

std::string peers_key(const std::string& cluster_id, const std::string& place) {
  return fmt::format("{}/{}/peers.json", cluster_id, place);
}
std::string public_key_parameter(const std::string& cluster_id, const std::string& place) {
  return fmt::format("/spillway/{}/{}/public-key", cluster_id, place);
}
std::string private_key_parameter(const std::string& cluster_id, const std::string& place) {
  return fmt::format("/spillway/{}/{}/private-key", cluster_id, place);
}

}  // namespace spillway::vpn
