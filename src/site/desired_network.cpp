#include "site/carve.h"
#include "site/desired.h"

// The VPC. Compute subnets have no way to the internet: S3 by the gateway endpoint, the premises by the
// gateway instance, nothing else. The gateway's own subnet has. Where each node ends the tunnel itself there
// is neither gateway nor subnet for it, and compute subnets have a way out, by public addresses.
namespace spillway::site {
namespace {

constexpr Code kNoRoom{"SPW-SITE-003", "each zone gets a subnet of one sixteenth of the VPC",
                       "set aws.vpc_cidr to a larger network, or site.zones to at most 15 zones"};

constexpr Code kNoStandby{
    "SPW-SITE-025", "the second gateway stands in another zone and takes over the routes that apply made",
    "name two zones in site.zones and leave existing: subnets and gateway_role out, or say "
    "vpn.gateways: 1"};

Json route(const std::string& to, std::string_view by, Json target) {
  return Json::object({{"DestinationCidrBlock", to}, {std::string(by), std::move(target)}});
}

void want_vpc(const Inputs& in, Resources& out) {
  out.push_back(resource(
      "Vpc", "AWS::EC2::VPC",
      Json::object({{"CidrBlock", in.vpc_cidr}, {"EnableDnsSupport", true}, {"EnableDnsHostnames", true}}),
      in.existing.vpc));
}

/// Name servers and domain of the instances. The premises' servers know the nodes' names; Amazon's answers
/// while the tunnel is down.
void want_names(const Inputs& in, Resources& out) {
  if (in.name_servers.empty() || !in.existing.vpc.empty()) return;
  Json servers = Json::array();
  for (const std::string& server : in.name_servers) servers.push(server);
  servers.push("169.254.169.253");
  Json options = Json::object({{"DomainNameServers", std::move(servers)}, {"VpcId", ref_to("Vpc")}});
  if (!in.zone.empty()) options.set("DomainName", in.zone);
  out.push_back(resource("Names", "AWS::EC2::DHCPOptions", std::move(options)));
}

Result<void> want_gateway_subnet(const Inputs& in, Resources& out) {
  if (vpn::is_node_mode(in.vpn)) {
    if (in.existing.compute_subnets.empty())
      out.push_back(
          resource("InternetGateway", "AWS::EC2::InternetGateway", Json::object({{"VpcId", ref_to("Vpc")}})));
    return {};
  }
  if (!in.existing.gateway_subnet.empty()) {
    out.push_back(resource("GatewaySubnet", "AWS::EC2::Subnet", Json::object(), in.existing.gateway_subnet));
    return {};
  }
  out.push_back(
      resource("InternetGateway", "AWS::EC2::InternetGateway", Json::object({{"VpcId", ref_to("Vpc")}})));
  Json subnets = Json::array();
  const auto want = [&](const std::string& key, unsigned index) -> Result<void> {
    out.push_back(resource(key, "AWS::EC2::Subnet",
                           Json::object({{"VpcId", ref_to("Vpc")},
                                         {"CidrBlock", TRY(gateway_network(in, index))},
                                         {"AvailabilityZone", in.zones[index]},
                                         {"MapPublicIpOnLaunch", false}})));
    subnets.push(ref_to(key));
    return {};
  };
  TRY(want("GatewaySubnet", 0));
  if (has_standby(in)) TRY(want("StandbySubnet", 1));
  out.push_back(resource(
      "PublicRoutes", "AWS::EC2::RouteTable",
      Json::object({{"VpcId", ref_to("Vpc")},
                    {"Routes", Json::array({route("0.0.0.0/0", "GatewayId", ref_to("InternetGateway"))})},
                    {"SubnetIds", std::move(subnets)}})));
  return {};
}

Result<void> want_compute_subnets(const Inputs& in, Resources& out) {
  const std::vector<std::string> keys = compute_subnet_keys(in);
  if (!in.existing.compute_subnets.empty()) {
    for (size_t i = 0; i < keys.size(); ++i)
      out.push_back(resource(keys[i], "AWS::EC2::Subnet", Json::object(), in.existing.compute_subnets[i]));
    return {};
  }
  const int prefix = TRY(prefix_of(in.vpc_cidr)) + 4;
  if (prefix > 28 || keys.size() > 15)
    return Error{Kind::invalid, kNoRoom,
                 fmt::format("{} has no room for {} subnets of compute nodes", in.vpc_cidr, keys.size())};
  Json subnets = Json::array(), routes = Json::array();
  for (size_t i = 0; i < keys.size(); ++i) {
    out.push_back(
        resource(keys[i], "AWS::EC2::Subnet",
                 Json::object({{"VpcId", ref_to("Vpc")},
                               {"CidrBlock", TRY(carve(in.vpc_cidr, prefix, static_cast<unsigned>(i + 1)))},
                               {"AvailabilityZone", in.zones[i]},
                               {"MapPublicIpOnLaunch", vpn::is_node_mode(in.vpn)}})));
    subnets.push(ref_to(keys[i]));
  }
  std::vector<std::string> networks = in.vpn.onprem_cidrs;
  if (!networks.empty()) networks.push_back(in.vpn.tunnel_cidr);
  if (vpn::is_node_mode(in.vpn))
    routes.push(route("0.0.0.0/0", "GatewayId", ref_to("InternetGateway")));
  else
    for (const std::string& network : networks) routes.push(route(network, "InstanceId", ref_to("Gateway")));
  out.push_back(resource(
      "ComputeRoutes", "AWS::EC2::RouteTable",
      Json::object(
          {{"VpcId", ref_to("Vpc")}, {"Routes", std::move(routes)}, {"SubnetIds", std::move(subnets)}})));
  out.push_back(resource("S3Endpoint", "AWS::EC2::VPCEndpoint",
                         Json::object({{"VpcId", ref_to("Vpc")},
                                       {"ServiceName", fmt::format("com.amazonaws.{}.s3", in.region)},
                                       {"VpcEndpointType", "Gateway"},
                                       {"RouteTableIds", Json::array({ref_to("ComputeRoutes")})}})));
  return {};
}

/// A second gateway is of use only where all that leads to it is apply's.
Result<void> check_standby(const Inputs& in) {
  if (!has_standby(in)) return {};
  const bool theirs = !in.existing.gateway_subnet.empty() || !in.existing.compute_subnets.empty() ||
                      !in.existing.gateway_role.empty();
  if (theirs || in.zones.size() < 2)
    return Error{Kind::invalid, kNoStandby,
                 theirs ? "vpn.gateways is 2, and subnets or the gateway's role are yours"
                        : "vpn.gateways is 2, and there is one zone"};
  return {};
}

}  // namespace

Result<std::string> gateway_network(const Inputs& in, unsigned index) {
  return carve(in.vpc_cidr, std::min(28, TRY(prefix_of(in.vpc_cidr)) + 8), index);
}

Result<void> want_network(const Inputs& in, Resources& out) {
  TRY(check_standby(in));
  want_vpc(in, out);
  want_names(in, out);
  TRY(want_gateway_subnet(in, out));
  return want_compute_subnets(in, out);
}

}  // namespace spillway::site
