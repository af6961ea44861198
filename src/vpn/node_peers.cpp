#include "vpn/node_peers.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "vpn/codes.h"

namespace spillway::vpn {
namespace {

constexpr std::string_view kSchema = "spillway.nodes/v1";

Error bad(std::string_view what) {
  return Error{Kind::invalid, kBadDocument, fmt::format("the document of nodes: {}", what)};
}

}  // namespace

std::string nodes_text(const std::vector<NodePeer>& nodes) {
  Json list = Json::array();
  for (const NodePeer& each : nodes)
    list.push(Json::object({{"node", each.node.value},
                            {"instance", each.instance.value},
                            {"public_key", each.public_key.value},
                            {"address", each.address.value}}));
  return Json::object({{"schema", kSchema}, {"nodes", std::move(list)}}).dump();
}

Result<std::vector<NodePeer>> parse_nodes(std::string_view text) {
  const Json from = TRY(Json::parse(text));
  if (from["schema"].as_string() != kSchema)
    return bad(fmt::format("its schema is {}", in_quotes(from["schema"].as_string())));
  if (!from["nodes"].is_array()) return bad("it has no list of nodes");
  std::vector<NodePeer> out;
  for (const Json& each : from["nodes"].items()) {
    const PublicKey key = TRY(parse_public_key(each["public_key"].as_string()));
    NodePeer peer{NodeName{each["node"].as_string()}, InstanceId{each["instance"].as_string()}, key,
                  IpAddress{each["address"].as_string()}};
    const auto address = Cidr::parse(peer.address.value);
    if (!address || peer.address.value.find('/') != std::string::npos)
      return bad(fmt::format("{} is no address", in_quotes(peer.address.value)));
    out.push_back(std::move(peer));
  }
  return out;
}

AcceptedNodes peers_of(const std::vector<NodePeer>& nodes, const Cidr& vpc) {
  AcceptedNodes out;
  std::set<Cidr> addresses;
  std::set<PublicKey> keys;
  for (const NodePeer& each : nodes) {
    const auto address = Cidr::parse(each.address.value);
    std::string why;
    if (!address || address->prefix() != (address->v6() ? 128 : 32) || !vpc.contains(*address))
      why = fmt::format("is not in {}", vpc.to_string());
    else if (addresses.contains(*address))
      why = "has the address of another node";
    else if (keys.contains(each.public_key))
      why = "has the key of another node";
    if (!why.empty()) {
      out.refused.push_back(fmt::format("{} ({}) at {} {}", each.node, each.instance, each.address, why));
      continue;
    }
    addresses.insert(*address);
    keys.insert(each.public_key);
    out.peers.push_back({each.public_key, {*address}, {}, 0});
  }
  return out;
}

std::string nodes_key(const std::string& cluster_id) {
  return fmt::format("{}/tunnel/nodes.json", cluster_id);
}

std::string node_keys_prefix(const std::string& cluster_id, const std::string& role_id) {
  return fmt::format("{}/keys/{}:", cluster_id, role_id);
}

std::optional<NamedKey> parse_named_key(const std::string& prefix, const std::string& object) {
  if (!object.starts_with(prefix)) return std::nullopt;
  const std::string rest = object.substr(prefix.size());
  const size_t slash = rest.find('/');
  if (slash == std::string::npos || !rest.starts_with("i-")) return std::nullopt;
  std::string key = rest.substr(slash + 1) + "=";  // 32 bytes are 43 letters and one of padding
  // One spelling for each key: the last letter holds four bits, the two behind them are zero.
  constexpr std::string_view kLast = "AEIMQUYcgkosw048";
  if (key.size() != 44 || key.find_first_of("+/") != std::string::npos ||
      kLast.find(key[42]) == std::string_view::npos)
    return std::nullopt;
  std::replace(key.begin(), key.end(), '-', '+');
  std::replace(key.begin(), key.end(), '_', '/');
  auto parsed = parse_public_key(key);
  if (!parsed) return std::nullopt;
  return NamedKey{InstanceId{rest.substr(0, slash)}, *std::move(parsed), object};
}

}  // namespace spillway::vpn
