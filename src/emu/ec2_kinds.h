#pragma once
#include "emu/call.h"

// The kinds of things that EC2 keeps, told apart by the beginnings of their ids.
namespace spillway::emu {

struct Kind {
  std::string_view prefix, type;   // type: in ARNs and tag specifications
  std::string_view noun, missing;  // for errors
};

inline constexpr Kind kInstance{"i-", "instance", "instance ID", "InvalidInstanceID.NotFound"};
inline constexpr Kind kTemplate{"lt-", "launch-template", "launch template ID",
                                "InvalidLaunchTemplateId.NotFound"};
inline constexpr Kind kFleet{"fleet-", "fleet", "fleet ID", "InvalidFleetId.NotFound"};
inline constexpr Kind kImage{"ami-", "image", "image id", "InvalidAMIID.NotFound"};
inline constexpr Kind kVpc{"vpc-", "vpc", "vpc ID", "InvalidVpcID.NotFound"};
inline constexpr Kind kSubnet{"subnet-", "subnet", "subnet ID", "InvalidSubnetID.NotFound"};
inline constexpr Kind kGroup{"sg-", "security-group", "security group", "InvalidGroup.NotFound"};
inline constexpr Kind kRule{"sgr-", "security-group-rule", "security group rule ID",
                            "InvalidSecurityGroupRuleId.NotFound"};
inline constexpr Kind kGateway{"igw-", "internet-gateway", "internetGateway ID",
                               "InvalidInternetGatewayID.NotFound"};
inline constexpr Kind kRouteTable{"rtb-", "route-table", "routeTable ID", "InvalidRouteTableID.NotFound"};
inline constexpr Kind kEndpoint{"vpce-", "vpc-endpoint", "Vpc Endpoint Id", "InvalidVpcEndpointId.NotFound"};
inline constexpr Kind kAddress{"eipalloc-", "elastic-ip", "allocation ID", "InvalidAllocationID.NotFound"};
inline constexpr Kind kDhcp{"dopt-", "dhcp-options", "dhcpOption ID", "InvalidDhcpOptionID.NotFound"};
inline constexpr Kind kInterface{"eni-", "network-interface", "networkInterface ID",
                                 "InvalidNetworkInterfaceID.NotFound"};
inline constexpr Kind kVolume{"vol-", "volume", "volume", "InvalidVolume.NotFound"};
inline constexpr Kind kSnapshot{"snap-", "snapshot", "snapshot", "InvalidSnapshot.NotFound"};

/// Calls visit(kind, map) for each kind. `AnyAccount` is Account, const or not.
template <class AnyAccount, class Visit>
void each_kind(AnyAccount& account, Visit&& visit) {
  visit(kInstance, account.instances);
  visit(kTemplate, account.templates);
  visit(kFleet, account.fleets);
  visit(kImage, account.images);
  visit(kVpc, account.vpcs);
  visit(kSubnet, account.subnets);
  visit(kGroup, account.security_groups);
  visit(kRule, account.security_group_rules);
  visit(kGateway, account.internet_gateways);
  visit(kRouteTable, account.route_tables);
  visit(kEndpoint, account.vpc_endpoints);
  visit(kAddress, account.addresses);
  visit(kDhcp, account.dhcp_options);
  visit(kInterface, account.interfaces);
  visit(kVolume, account.volumes);
  visit(kSnapshot, account.snapshots);
}

inline tl::unexpected<ApiError> not_found(const Kind& kind, std::string_view id) {
  return refusal(std::string(kind.missing), fmt::format("The {} '{}' does not exist", kind.noun, id));
}

/// What the map has under `id`, or the kind's refusal.
template <class Map>
auto find_in(Map& map, const std::string& id, const Kind& kind) -> Answer<decltype(&map.begin()->second)> {
  auto found = map.find(id);
  if (found == map.end()) return not_found(kind, id);
  return &found->second;
}

/// What the parameter names, which must be there.
template <class Map>
auto named_in(Map& map, const Params& params, std::string_view name, const Kind& kind)
    -> Answer<decltype(&map.begin()->second)> {
  const std::string* id = params.find(name);
  if (!id || id->empty())
    return refusal("MissingParameter", fmt::format("The request must contain the parameter {}", name));
  return find_in(map, *id, kind);
}

}  // namespace spillway::emu
