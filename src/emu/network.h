#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"

// What EC2's networks come down to: who may speak to whom, and where packets go. The lab turns it into
// routes and nftables.
namespace spillway::emu {

/// One permission, its peers resolved to networks. A peer group is its members' addresses of the moment.
struct FirewallRule {
  std::string protocol;            // tcp, udp, icmp, icmpv6, a number, or -1 for all
  int64_t from = -1, to = -1;      // ports, or type and code of ICMP; -1: all
  std::vector<std::string> peers;  // CIDRs; a rule without any lets nothing through
  bool operator==(const FirewallRule&) const = default;
};

enum class Hop {
  local,             // within the VPC
  internet_gateway,  // only with a public address
  instance,          // whose source/destination check must be off
  s3_endpoint,
  blackhole,  // the target is gone
};
std::string_view to_string(Hop hop);

/// Of several that match, the one with the longest prefix holds.
struct NetworkRoute {
  std::string destination;  // a CIDR
  Hop hop = Hop::local;
  IpAddress via;       // of an instance; "" otherwise
  std::string target;  // igw-…, vpce-…, eni-… or local
  bool operator==(const NetworkRoute&) const = default;
};

/// An instance that is pending or running.
struct NetworkInstance {
  InstanceId id;
  std::string vpc_id, subnet_id;
  IpAddress private_ip, public_ip;  // public_ip: "" without one
  bool source_dest_check = true;
  std::vector<std::string> groups;
  std::vector<FirewallRule> ingress, egress;  // of all groups together; answers to what was let through pass
  std::vector<NetworkRoute> routes;
  bool operator==(const NetworkInstance&) const = default;
};

struct NetworkVpc {
  std::string id, cidr;
  bool has_internet_gateway = false;
  std::map<std::string, std::vector<std::string>> dhcp_options;  // domain-name, domain-name-servers, …
  bool operator==(const NetworkVpc&) const = default;
};

struct NetworkView {
  uint64_t version = 0;  // Aws::network_version() of this view
  std::vector<NetworkVpc> vpcs;
  std::vector<NetworkInstance> instances;  // by id
};

}  // namespace spillway::emu
