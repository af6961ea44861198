#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"

// What EC2's networks are made of. Plain data, each kind in a map of the account by its id; what belongs to
// a VPC names it.
namespace spillway::emu {

using Tags = std::map<std::string, std::string>;

struct Vpc {
  std::string id, cidr;
  Tags tags;
  std::string dhcp_options;  // an id; "default": none at all; "" until the VPC is furnished
  bool dns_support = true, dns_hostnames = false, usage_metrics = false;
};

struct Subnet {
  std::string id, vpc_id, cidr, zone;
  Tags tags;
  std::set<uint32_t> used;  // host parts in use
  uint32_t next = 4;        // AWS keeps the first four and the last address of each subnet
  bool map_public = false;  // MapPublicIpOnLaunch
};

struct SecurityGroup {
  std::string id, vpc_id, name, description;
  Tags tags;
};

/// One direction, one range of ports, one peer: of cidr, group and prefix_list one is set.
struct SecurityGroupRule {
  std::string id, group_id;
  Tags tags;
  bool egress = false;
  std::string protocol;  // tcp, udp, icmp, icmpv6, a number, or -1 for all
  std::optional<int64_t> from, to;
  std::string cidr, peer_group, prefix_list;  // cidr: IPv4 or IPv6
  std::string description;

  /// Whether it is the same permission; descriptions and tags do not count.
  bool same_as(const SecurityGroupRule& other) const {
    return group_id == other.group_id && egress == other.egress && protocol == other.protocol &&
           from == other.from && to == other.to && cidr == other.cidr && peer_group == other.peer_group &&
           prefix_list == other.prefix_list;
  }
};

struct InternetGateway {
  std::string id, vpc_id;  // vpc_id: "" while detached
  Tags tags;
};

struct Route {
  std::string destination;  // a CIDR, or the id of a prefix list
  std::string target;       // "local", igw-…, vpce-… or eni-…
  std::string origin = "CreateRoute";
};

struct RouteTable {
  std::string id, vpc_id;
  Tags tags;
  std::string main_association;  // "": not its VPC's main table
  std::vector<Route> routes;
  std::map<std::string, std::string> associations;  // subnets by association id
};

struct VpcEndpoint {
  std::string id, vpc_id, service, policy;
  Tags tags;
  std::set<std::string> route_tables;
  Time created;
};

/// An elastic address.
struct Address {
  std::string id, ip;  // id: eipalloc-…
  Tags tags;
  std::string association_id, interface_id;  // "" while it points nowhere
};

struct DhcpOptions {
  std::string id;
  Tags tags;
  std::map<std::string, std::vector<std::string>> values;
  bool of_region = false;  // those that every VPC of the region begins with
};

/// The primary interface of an instance, from its launch to its end, or longer where it was to stay.
struct Interface {
  std::string id, instance_id;  // instance_id: "" once the instance is gone
  Tags tags;
  std::string subnet_id, vpc_id, zone, mac, private_ip, description;
  std::vector<std::string> groups;
  bool source_dest_check = true;
  std::string public_ip;  // given at launch, and for this launch alone; "" without one
  std::string attachment_id;
  Time attached;
  bool delete_on_termination = true;
};

struct Volume {
  std::string id, instance_id, device;  // instance_id: "" once its instance is gone
  Tags tags;
  std::string zone, type = "gp3", kms_key, snapshot;
  int64_t gib = 8;
  bool encrypted = false, delete_on_termination = true;
  Time created;
};

}  // namespace spillway::emu
