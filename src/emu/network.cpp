#include "emu/network.h"

#include <algorithm>

#include "emu/ec2_kinds.h"
#include "emu/network_view.h"
#include "emu/vpc_parts.h"

namespace spillway::emu {
namespace {

struct Resolver {
  const Account& account;
  std::map<std::string, std::vector<std::string>> members;             // addresses by group
  std::map<std::string, std::vector<const SecurityGroupRule*>> rules;  // by group

  explicit Resolver(const Account& a) : account(a) {
    for (const auto& [id, interface] : account.interfaces)
      for (const std::string& group : interface.groups)
        members[group].push_back(interface.private_ip + "/32");
    for (const auto& [id, rule] : account.security_group_rules) rules[rule.group_id].push_back(&rule);
  }

  std::vector<std::string> peers_of(const SecurityGroupRule& rule) const {
    if (!rule.cidr.empty()) return {rule.cidr};
    if (!rule.prefix_list.empty()) return account.settings.s3_cidrs;
    auto found = members.find(rule.peer_group);
    return found == members.end() ? std::vector<std::string>{} : found->second;
  }

  std::vector<FirewallRule> firewall(const Interface& interface, bool egress) const {
    std::vector<FirewallRule> out;
    for (const std::string& group : interface.groups) {
      auto found = rules.find(group);
      if (found == rules.end()) continue;
      for (const SecurityGroupRule* rule : found->second)
        if (rule->egress == egress)
          out.push_back({rule->protocol, rule->from.value_or(-1), rule->to.value_or(-1), peers_of(*rule)});
    }
    return out;
  }

  NetworkRoute resolved(const RouteTable& table, const Route& route) const {
    NetworkRoute out{route.destination, Hop::blackhole, {}, route.target};
    if (route.target == "local") out.hop = Hop::local;
    if (route.target.starts_with(kEndpoint.prefix)) out.hop = Hop::s3_endpoint;
    if (auto gateway = account.internet_gateways.find(route.target);
        gateway != account.internet_gateways.end() && gateway->second.vpc_id == table.vpc_id)
      out.hop = Hop::internet_gateway;
    if (auto interface = account.interfaces.find(route.target); interface != account.interfaces.end()) {
      out.hop = Hop::instance;
      out.via = IpAddress{interface->second.private_ip};
    }
    return out;
  }

  std::vector<NetworkRoute> routes(const Interface& interface) const {
    std::vector<NetworkRoute> out;
    auto subnet = account.subnets.find(interface.subnet_id);
    const RouteTable* table =
        subnet == account.subnets.end() ? nullptr : route_table_of(account, subnet->second);
    if (!table) return out;
    for (const Route& route : table->routes) {
      const NetworkRoute one = resolved(*table, route);
      if (route.destination != kS3PrefixList) {
        out.push_back(one);
        continue;
      }
      for (const std::string& cidr : account.settings.s3_cidrs) {
        out.push_back(one);
        out.back().destination = cidr;
      }
    }
    return out;
  }

  NetworkInstance instance(const Instance& instance, const Interface& interface) const {
    return {instance.id,
            interface.vpc_id,
            interface.subnet_id,
            IpAddress{interface.private_ip},
            IpAddress{public_address_of(account, interface).ip},
            interface.source_dest_check,
            interface.groups,
            firewall(interface, false),
            firewall(interface, true),
            routes(interface)};
  }

  NetworkVpc vpc(const Vpc& vpc) const {
    NetworkVpc out{vpc.id, vpc.cidr, false, {}};
    for (const auto& [id, gateway] : account.internet_gateways)
      out.has_internet_gateway = out.has_internet_gateway || gateway.vpc_id == vpc.id;
    auto options = account.dhcp_options.find(vpc.dhcp_options);
    if (options != account.dhcp_options.end()) out.dhcp_options = options->second.values;
    return out;
  }
};

}  // namespace

std::string_view to_string(Hop hop) {
  switch (hop) {
    case Hop::local:
      return "local";
    case Hop::internet_gateway:
      return "internet-gateway";
    case Hop::instance:
      return "instance";
    case Hop::s3_endpoint:
      return "s3-endpoint";
    case Hop::blackhole:
      return "blackhole";
  }
  return "";
}

NetworkView network_view_of(const Account& account) {
  const Resolver resolver(account);
  NetworkView view;
  view.version = account.network_version;
  for (const auto& [id, vpc] : account.vpcs) view.vpcs.push_back(resolver.vpc(vpc));
  for (const auto& [id, instance] : account.instances) {
    if (instance.state != State::pending && instance.state != State::running) continue;
    if (const Interface* interface = interface_of(account, instance))
      view.instances.push_back(resolver.instance(instance, *interface));
  }
  return view;
}

}  // namespace spillway::emu
