#include <algorithm>

#include "base/text.h"
#include "site/provider.h"

// Route tables with their routes and subnets as properties, and the gateway endpoint of S3.
namespace spillway::site {
namespace {

/// The routes that somebody made: the local one and those of endpoints come by themselves.
Json routes_of(const Json& table) {
  Json out = Json::array();
  for (const Json& route : table["Routes"].items()) {
    if (route["Origin"].as_string() != "CreateRoute" || !route.contains("DestinationCidrBlock")) continue;
    if (route["GatewayId"].as_string().starts_with("vpce-")) continue;
    Json one = Json::object({{"DestinationCidrBlock", route["DestinationCidrBlock"]}});
    for (const char* target : {"GatewayId", "InstanceId", "NatGatewayId", "TransitGatewayId"})
      if (!route[target].as_string().empty()) one.set(target, route[target]);
    out.push(std::move(one));
  }
  return out;
}

Actual table_of(const Json& table) {
  Actual out{tag_in(table["Tags"], "spillway:kind"), "AWS::EC2::RouteTable",
             table["RouteTableId"].as_string(),
             Json::object({{"VpcId", table["VpcId"]}, {"Routes", routes_of(table)}})};
  Json subnets = Json::array(), associations = Json::object();
  for (const Json& association : table["Associations"].items()) {
    const std::string& subnet = association["SubnetId"].as_string();
    if (subnet.empty()) continue;
    subnets.push(subnet);
    associations.set(subnet, association["RouteTableAssociationId"]);
  }
  out.properties.set("SubnetIds", std::move(subnets));
  out.attributes.set("Associations", std::move(associations));
  return out;
}

Result<std::vector<Actual>> find_tables(const Session& session) {
  const Json answer =
      TRY(ec2(session, "DescribeRouteTables", Json::object({{"Filters", our_filters(session)}})));
  std::vector<Actual> out;
  for (const Json& table : answer["RouteTables"].items()) out.push_back(table_of(table));
  return out;
}

const Json* route_to(const Json& routes, const Json& destination) {
  for (const Json& route : routes.items())
    if (route["DestinationCidrBlock"] == destination) return &route;
  return nullptr;
}

Result<void> set_routes(const Session& session, const Actual& actual, const Json& wanted) {
  const Json& there = actual.properties["Routes"];
  for (const Json& route : wanted.items()) {
    const Json* old = route_to(there, route["DestinationCidrBlock"]);
    if (old && covers(*old, route)) continue;
    Json input = route;
    input.set("RouteTableId", actual.id);
    TRY(patiently(session, {"InvalidRouteTableID.NotFound", "InvalidInstanceID.NotFound"},
                  [&] { return ec2(session, old ? "ReplaceRoute" : "CreateRoute", input); }));
  }
  for (const Json& route : there.items())
    if (!route_to(wanted, route["DestinationCidrBlock"]))
      TRY(unless_gone(ec2(session, "DeleteRoute",
                          Json::object({{"RouteTableId", actual.id},
                                        {"DestinationCidrBlock", route["DestinationCidrBlock"]}}))));
  return {};
}

bool has_subnet(const Json& subnets, const Json& subnet) {
  return std::find(subnets.items().begin(), subnets.items().end(), subnet) != subnets.items().end();
}

Result<void> leave_subnet(const Session& session, const Actual& actual, const std::string& subnet) {
  return unless_gone(ec2(session, "DisassociateRouteTable",
                         Json::object({{"AssociationId", actual.attributes["Associations"][subnet]}})));
}

Result<Actual> update_table(const Session& session, const Actual& actual, const Resource& wanted) {
  TRY(set_routes(session, actual, wanted.properties["Routes"]));
  const Json &there = actual.properties["SubnetIds"], &want = wanted.properties["SubnetIds"];
  for (const Json& subnet : want.items())
    if (!has_subnet(there, subnet))
      TRY(patiently(session, {"InvalidRouteTableID.NotFound", "InvalidSubnetID.NotFound"}, [&] {
        return ec2(session, "AssociateRouteTable",
                   Json::object({{"RouteTableId", actual.id}, {"SubnetId", subnet}}));
      }));
  for (const Json& subnet : there.items())
    if (!has_subnet(want, subnet)) TRY(leave_subnet(session, actual, subnet.as_string()));
  return actual;
}

Result<Actual> create_table(const Session& session, const Resource& wanted) {
  const Json answer = TRY(patiently(session, {"InvalidVpcID.NotFound"}, [&] {
    return ec2(session, "CreateRouteTable",
               Json::object({{"VpcId", wanted.properties["VpcId"]},
                             {"TagSpecifications", tag_specifications(session, "route-table", wanted.key)}}));
  }));
  return update_table(session, {wanted.key, wanted.type, answer["RouteTable"]["RouteTableId"].as_string()},
                      wanted);
}

Result<void> remove_table(const Session& session, const Actual& actual) {
  for (const Json& subnet : actual.properties["SubnetIds"].items())
    TRY(leave_subnet(session, actual, subnet.as_string()));
  return unless_gone(patiently(session, {"DependencyViolation"}, [&] {
    return ec2(session, "DeleteRouteTable", Json::object({{"RouteTableId", actual.id}}));
  }));
}

// ---- S3's gateway endpoint

Result<std::vector<Actual>> find_endpoints(const Session& session) {
  const Json answer =
      TRY(ec2(session, "DescribeVpcEndpoints", Json::object({{"Filters", our_filters(session)}})));
  std::vector<Actual> out;
  for (const Json& endpoint : answer["VpcEndpoints"].items()) {
    const std::string state = to_lower(endpoint["State"].as_string());
    if (state == "deleting" || state == "deleted") continue;
    out.push_back({tag_in(endpoint["Tags"], "spillway:kind"), "AWS::EC2::VPCEndpoint",
                   endpoint["VpcEndpointId"].as_string(),
                   Json::object({{"VpcId", endpoint["VpcId"]},
                                 {"ServiceName", endpoint["ServiceName"]},
                                 {"VpcEndpointType", endpoint["VpcEndpointType"]},
                                 {"RouteTableIds", endpoint["RouteTableIds"]}})});
  }
  return out;
}

Result<Actual> create_endpoint(const Session& session, const Resource& wanted) {
  const Json& p = wanted.properties;
  const Json answer = TRY(patiently(session, {"InvalidRouteTableId.NotFound", "InvalidVpcId.NotFound"}, [&] {
    return ec2(
        session, "CreateVpcEndpoint",
        Json::object({{"VpcId", p["VpcId"]},
                      {"ServiceName", p["ServiceName"]},
                      {"VpcEndpointType", p["VpcEndpointType"]},
                      {"RouteTableIds", p["RouteTableIds"]},
                      {"TagSpecifications", tag_specifications(session, "vpc-endpoint", wanted.key)}}));
  }));
  return Actual{wanted.key, wanted.type, answer["VpcEndpoint"]["VpcEndpointId"].as_string()};
}

Result<Actual> update_endpoint(const Session& session, const Actual& actual, const Resource& wanted) {
  Json more = Json::array(), less = Json::array();
  const Json &there = actual.properties["RouteTableIds"], &want = wanted.properties["RouteTableIds"];
  for (const Json& table : want.items())
    if (!has_subnet(there, table)) more.push(table);
  for (const Json& table : there.items())
    if (!has_subnet(want, table)) less.push(table);
  Json input = Json::object({{"VpcEndpointId", actual.id}});
  if (more.size()) input.set("AddRouteTableIds", std::move(more));
  if (less.size()) input.set("RemoveRouteTableIds", std::move(less));
  TRY(ec2(session, "ModifyVpcEndpoint", std::move(input)));
  return actual;
}

Result<void> remove_endpoint(const Session& session, const Actual& actual) {
  const Json answer =
      TRY(ec2(session, "DeleteVpcEndpoints", Json::object({{"VpcEndpointIds", Json::array({actual.id})}})));
  for (const Json& failed : answer["Unsuccessful"].items())
    if (!failed["Error"]["Code"].as_string().ends_with("NotFound"))
      return Error{Kind::io, fmt::format("{}: {}", actual.id, failed["Error"]["Message"].as_string())};
  return {};
}

}  // namespace

std::vector<Provider> route_providers() {
  return {{"AWS::EC2::RouteTable",
           "route table",
           {{"VpcId"}},
           find_tables,
           create_table,
           update_table,
           remove_table},
          {"AWS::EC2::VPCEndpoint",
           "S3 endpoint",
           {{"VpcId", "ServiceName", "VpcEndpointType"}},
           find_endpoints,
           create_endpoint,
           update_endpoint,
           remove_endpoint}};
}

}  // namespace spillway::site
