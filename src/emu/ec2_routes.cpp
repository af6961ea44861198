#include "emu/cidr.h"
#include "emu/ec2_list.h"

// Routes: what is sent where. A table's local route and those of endpoints come and go with their makers.
namespace spillway::emu {
namespace {

Answer<std::string> destination_of(const Params& params) {
  if (params.has("DestinationPrefixListId"))
    return refusal(
        "InvalidPrefixListId.NotFound",
        fmt::format("The managed prefix list ID '{}' does not exist", params.get("DestinationPrefixListId")));
  const std::string text = EMU_TRY(required(params, "DestinationCidrBlock"));
  if (auto cidr = Cidr::parse(text)) return cidr->text();
  return refusal("InvalidParameterValue",
                 fmt::format("Value ({}) for parameter destinationCidrBlock is invalid. This is not a valid "
                             "CIDR block.",
                             text));
}

std::vector<Route>::iterator find_route(RouteTable& table, const std::string& destination) {
  return std::find_if(table.routes.begin(), table.routes.end(),
                      [&](const Route& route) { return route.destination == destination; });
}

tl::unexpected<ApiError> foreign(const RouteTable& table, std::string_view what, const std::string& id) {
  return refusal("InvalidParameterValue",
                 fmt::format("route table {} and {} {} belong to different networks", table.id, what, id));
}

Answer<std::string> interface_target(const Account& account, const RouteTable& table, const Params& params) {
  std::string id = params.get("NetworkInterfaceId");
  if (id.empty()) {
    const std::string& instance = params.get("InstanceId");
    EMU_TRY(known_instances(account, {instance}));
    id = interface_id(account.instances.find(instance)->second);
  }
  const Interface& interface = *EMU_TRY(find_in(account.interfaces, id, kInterface));
  if (interface.vpc_id != table.vpc_id) return foreign(table, "interface", id);
  return id;
}

Answer<std::string> target_of(const Account& account, const RouteTable& table, const Params& params) {
  int given = 0;
  for (const char* name : {"GatewayId", "InstanceId", "NetworkInterfaceId", "VpcEndpointId"})
    given += params.has(name);
  if (given > 1)
    return refusal("InvalidParameterCombination", "A route has one target; several were specified");
  if (params.has("InstanceId") || params.has("NetworkInterfaceId"))
    return interface_target(account, table, params);
  const std::string& id = params.get("GatewayId");
  if (id.empty())
    return refusal("MissingParameter",
                   "The request must contain exactly one target among gatewayId, "
                   "instanceId and networkInterfaceId");
  if (id == "local") return id;
  auto gateway = account.internet_gateways.find(id);
  if (gateway == account.internet_gateways.end())
    return refusal("InvalidGatewayID.NotFound", fmt::format("The gateway ID '{}' does not exist", id));
  if (gateway->second.vpc_id != table.vpc_id) return foreign(table, "network gateway", id);
  return id;
}

Answer<Xml> create_route(Account& account, const Call& call) {
  RouteTable& table = *EMU_TRY(named_in(account.route_tables, call.params, "RouteTableId", kRouteTable));
  const std::string destination = EMU_TRY(destination_of(call.params));
  const std::string target = EMU_TRY(target_of(account, table, call.params));
  if (find_route(table, destination) != table.routes.end())
    return refusal("RouteAlreadyExists",
                   fmt::format("The route identified by {} already exists.", destination));
  EMU_TRY(unless_dry_run(call));
  table.routes.push_back({destination, target, "CreateRoute"});
  return done();
}

Answer<Xml> replace_route(Account& account, const Call& call) {
  RouteTable& table = *EMU_TRY(named_in(account.route_tables, call.params, "RouteTableId", kRouteTable));
  const std::string destination = EMU_TRY(destination_of(call.params));
  auto found = find_route(table, destination);
  if (found == table.routes.end())
    return refusal("InvalidParameterValue",
                   fmt::format("There is no route defined for '{}' in the route table. Use CreateRoute "
                               "instead.",
                               destination));
  const std::string target = EMU_TRY(target_of(account, table, call.params));
  EMU_TRY(unless_dry_run(call));
  found->target = target;
  return done();
}

Answer<Xml> delete_route(Account& account, const Call& call) {
  RouteTable& table = *EMU_TRY(named_in(account.route_tables, call.params, "RouteTableId", kRouteTable));
  std::string destination = call.params.get("DestinationPrefixListId");
  if (destination.empty()) destination = EMU_TRY(destination_of(call.params));
  auto found = find_route(table, destination);
  if (found == table.routes.end())
    return refusal(
        "InvalidRoute.NotFound",
        fmt::format("no route with destination-cidr-block {} in route table {}", destination, table.id));
  if (found->origin == "CreateRouteTable")
    return refusal("InvalidParameterValue",
                   fmt::format("cannot remove local route {} in route table {}", destination, table.id));
  if (found->target.starts_with(kEndpoint.prefix))
    return refusal(
        "InvalidParameterValue",
        fmt::format("cannot remove VPC endpoint route {} in route table {}", destination, table.id));
  EMU_TRY(unless_dry_run(call));
  table.routes.erase(found);
  return done();
}

}  // namespace

const XmlOperations& ec2_route_operations() {
  static const XmlOperations kTable = {
      {"CreateRoute", create_route}, {"ReplaceRoute", replace_route}, {"DeleteRoute", delete_route}};
  return kTable;
}

}  // namespace spillway::emu
