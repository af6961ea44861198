#include "lab/router.h"

#include <algorithm>
#include <map>

#include "base/log.h"
#include "lab/network.h"

namespace spillway::lab {
namespace {

constexpr std::string_view kAnywhere = "0.0.0.0/0";
constexpr int kToInternet = 1;  // a packet's mark: its sender's route table lets it out

std::string quoted(const InstanceId& id) {
  return fmt::format("\"{}\"", cable_of(id));
}

std::string set_of(std::vector<std::string> items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return fmt::format("{{ {} }}", fmt::join(items, ", "));
}

/// `direction` is saddr or daddr: whom the rule's peers are. "" when it lets nobody through.
std::string rule_text(const emu::FirewallRule& rule, std::string_view direction) {
  if (rule.peers.empty()) return "";
  std::string out;
  if (std::find(rule.peers.begin(), rule.peers.end(), kAnywhere) == rule.peers.end()) {
    std::vector<std::string> peers;
    for (const std::string& peer : rule.peers)
      if (peer.find(':') == std::string::npos)
        peers.push_back(peer.ends_with("/32") ? peer.substr(0, peer.size() - 3) : peer);
    if (peers.empty()) return "";
    out = fmt::format("ip {} {} ", direction, set_of(std::move(peers)));
  }
  if (rule.protocol == "tcp" || rule.protocol == "udp")
    out += rule.from >= 0 ? fmt::format("{} dport {}-{} ", rule.protocol, rule.from, rule.to)
                          : fmt::format("meta l4proto {} ", rule.protocol);
  else if (rule.protocol == "icmp")
    out += "meta l4proto icmp ";
  else if (rule.protocol != "-1")
    return "";
  return out;
}

std::string rule_lines(const std::vector<emu::FirewallRule>& rules, std::string_view direction,
                       std::string_view verdict) {
  std::string out;
  for (const emu::FirewallRule& rule : rules)
    if (!rule.peers.empty()) out += fmt::format("    {}{}\n", rule_text(rule, direction), verdict);
  return out;
}

/// What leaves an instance: where its subnet's routes let it go, and what its groups' egress allows.
std::string sender_lines(const emu::NetworkInstance& from) {
  std::string out;
  std::vector<std::string> local, inside;
  for (const emu::NetworkRoute& route : from.routes) {
    if (route.hop == emu::Hop::local) local.push_back(route.destination), inside.push_back(route.destination);
    if (route.hop == emu::Hop::instance) inside.push_back(route.destination);
    const bool leaves = route.hop == emu::Hop::s3_endpoint ||
                        (route.hop == emu::Hop::internet_gateway && !from.public_ip.empty());
    if (!leaves) continue;
    const std::string to =
        route.destination == kAnywhere ? "" : fmt::format("ip daddr {} ", route.destination);
    out += fmt::format("    oifname \"endpoint\" {}meta mark set {}\n", to, kToInternet);
  }
  if (!inside.empty())
    out += fmt::format("    oifname != \"endpoint\" ip daddr != {} drop\n", set_of(inside));
  out += "    ct state established,related return\n";
  return out + rule_lines(from.egress, "daddr", "return") + "    drop\n";
}

std::string receiver_lines(const emu::NetworkInstance& to) {
  return "    ct state established,related accept\n" + rule_lines(to.ingress, "saddr", "accept") +
         "    drop\n";
}

/// Chains by their content: the nodes of a cluster share theirs.
class Chains {
 public:
  explicit Chains(std::string prefix) : prefix_(std::move(prefix)) {}
  void add(const emu::NetworkInstance& instance, std::string lines) {
    const auto [found, is_new] =
        names_.emplace(std::move(lines), fmt::format("{}_{}", prefix_, names_.size()));
    users_.push_back(
        fmt::format("{} : {} {}", quoted(instance.id), prefix_ == "to" ? "goto" : "jump", found->second));
  }
  std::string text() const {
    std::string out;
    for (const auto& [lines, name] : names_) out += fmt::format("  chain {} {{\n{}  }}\n", name, lines);
    return out;
  }
  /// The rule that leads each cable to its chain; "" when there are none.
  std::string dispatch(std::string_view key) const {
    return users_.empty() ? "" : fmt::format("    {} vmap {{ {} }}\n", key, fmt::join(users_, ", "));
  }

 private:
  std::string prefix_;
  std::map<std::string, std::string> names_;
  std::vector<std::string> users_;
};

std::string checks(const emu::NetworkView& view) {
  std::vector<std::string> own, pairs;
  for (const emu::NetworkInstance& each : view.instances)
    if (each.source_dest_check) {
      own.push_back(quoted(each.id));
      pairs.push_back(fmt::format("{} . {}", quoted(each.id), each.private_ip));
    }
  if (own.empty()) return "";
  return fmt::format(
      "    iifname {0} iifname . ip saddr != {1} drop\n    oifname {0} oifname . ip daddr != {1} drop\n",
      set_of(own), set_of(pairs));
}

/// Elastic addresses, one to one and without a memory, as EC2 has them: a flow does not outlive its address.
std::string translation(const emu::NetworkView& view) {
  std::string in, out;
  for (const emu::NetworkInstance& each : view.instances) {
    if (each.public_ip.empty()) continue;
    in += fmt::format("    iifname \"endpoint\" ip daddr {} ip daddr set {}\n", each.public_ip,
                      each.private_ip);
    out += fmt::format("    oifname \"endpoint\" ip saddr {} ip saddr set {}\n", each.private_ip,
                       each.public_ip);
  }
  return fmt::format(
      "table ip lab_public\ndelete table ip lab_public\ntable ip lab_public {{\n  chain prerouting {{\n    "
      "type filter hook prerouting priority -290;\n{}  }}\n  chain postrouting {{\n    type filter hook "
      "postrouting priority 300;\n{}  }}\n}}\n",
      in, out);
}

}  // namespace

std::string cable_of(const InstanceId& id) {
  return "v-" + (id.value.size() > 13 ? id.value.substr(id.value.size() - 13) : id.value);
}

std::string render_router_rules(const emu::NetworkView& view) {
  Chains from{"from"}, to{"to"};
  for (const emu::NetworkInstance& each : view.instances) {
    from.add(each, sender_lines(each));
    to.add(each, receiver_lines(each));
  }
  return fmt::format(
             "table inet lab_vpc\ndelete table inet lab_vpc\ntable inet lab_vpc {{\n{}{}  chain forward {{\n "
             "   type filter "
             "hook forward priority 0; policy drop;\n{}{}{}    oifname \"endpoint\" meta mark {} accept\n    "
             "oifname \"endpoint\" ct "
             "state established,related accept\n  }}\n}}\n",
             from.text(), to.text(), checks(view), from.dispatch("iifname"), to.dispatch("oifname"),
             kToInternet) +
         translation(view);
}

std::string render_router_routes(const emu::NetworkView& view) {
  std::map<std::string, std::string> lines;  // by destination: one router has one way to each
  for (const emu::NetworkInstance& each : view.instances)
    for (const emu::NetworkRoute& route : each.routes) {
      if (route.hop != emu::Hop::instance) continue;
      for (const emu::NetworkInstance& hop : view.instances)
        if (hop.private_ip == route.via)
          lines[route.destination] =
              fmt::format("route replace {} via {} dev {} onlink src {}\n", route.destination, route.via,
                          cable_of(hop.id), kVpcResolver);
    }
  // The gateway's subnet has no such route, but its instance must be found by the premises' networks all the
  // same; the route is the router's, and the rules above say who may use it.
  std::string out;
  for (const auto& [destination, line] : lines) out += line;
  return out;
}

void Router::sync() {
  const std::scoped_lock lock(mutex_);
  if (aws_.network_version() != version_) {
    const emu::NetworkView view = aws_.network();
    version_ = view.version;
    if (std::string rules = render_router_rules(view); rules != rules_) {
      const auto set = run_on(bench_.runner, "vpc", {"/usr/sbin/nft", "-f", "-"}, rules);
      if (!set) log::error("lab", "the VPC's rules: {}", set.error().what);
      rules_ = std::move(rules);
    }
    if (std::string routes = render_router_routes(view); routes != routes_) {
      routes_ = std::move(routes);
      routes_set_ = routes_.empty();
    }
  }
  if (!routes_set_)
    routes_set_ = run_on(bench_.runner, "vpc", {"/usr/sbin/ip", "-batch", "-"}, routes_).has_value();
}

}  // namespace spillway::lab
