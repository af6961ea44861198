#include "emu/ec2_list.h"

// Route tables and the subnets that use them. Their routes are in ec2_routes.cpp.
namespace spillway::emu {
namespace {

/// The instance behind an interface; "" when it is gone.
std::string instance_behind(const Account& account, const std::string& interface_id) {
  auto found = account.interfaces.find(interface_id);
  return found == account.interfaces.end() ? "" : found->second.instance_id;
}

bool leads_somewhere(const Account& account, const RouteTable& table, const Route& route) {
  if (route.target.starts_with(kInterface.prefix)) return account.interfaces.contains(route.target);
  if (!route.target.starts_with(kGateway.prefix)) return true;
  auto gateway = account.internet_gateways.find(route.target);
  return gateway != account.internet_gateways.end() && gateway->second.vpc_id == table.vpc_id;
}

std::optional<Values> route_values(const Account& account, const RouteTable& table, std::string_view name) {
  Values out;
  for (const Route& route : table.routes) {
    const bool interface = route.target.starts_with(kInterface.prefix);
    const bool prefix_list = route.destination.starts_with("pl-");
    Values value;
    if (name == "route.destination-cidr-block")
      value = some({prefix_list ? "" : route.destination});
    else if (name == "route.destination-prefix-list-id")
      value = some({prefix_list ? route.destination : ""});
    else if (name == "route.gateway-id")
      value = some({interface ? "" : route.target});
    else if (name == "route.instance-id")
      value = some({interface ? instance_behind(account, route.target) : ""});
    else if (name == "route.origin")
      value = {route.origin};
    else if (name == "route.state")
      value = {leads_somewhere(account, table, route) ? "active" : "blackhole"};
    out.insert(out.end(), value.begin(), value.end());
  }
  return out;
}

std::optional<Values> table_values(const Account& account, const RouteTable& table, std::string_view name) {
  if (name == "route-table-id" || name == "association.route-table-id") return Values{table.id};
  if (name == "vpc-id") return Values{table.vpc_id};
  if (name == "owner-id") return Values{account.settings.account};
  for (std::string_view known : {"destination-cidr-block", "destination-prefix-list-id", "gateway-id",
                                 "instance-id", "origin", "state"})
    if (name.starts_with("route.") && name.substr(6) == known) return route_values(account, table, name);
  if (name == "association.main") {
    Values out = table.main_association.empty() ? Values{} : Values{"true"};
    if (!table.associations.empty()) out.push_back("false");
    return out;
  }
  const bool by_subnet = name == "association.subnet-id";
  if (!by_subnet && name != "association.route-table-association-id") return std::nullopt;
  Values out = by_subnet ? Values{} : some({table.main_association});
  for (const auto& [id, subnet] : table.associations) out.push_back(by_subnet ? subnet : id);
  return out;
}

void write_association_of(Xml& xml, const RouteTable& table, const std::string& id,
                          const std::string& subnet_id) {
  xml.in("item", [&] {
    xml.text("routeTableAssociationId", id).text("routeTableId", table.id);
    if (!subnet_id.empty()) xml.text("subnetId", subnet_id);
    xml.flag("main", subnet_id.empty());
    xml.in("associationState", [&] { xml.text("state", "associated"); });
  });
}

void write_route(Xml& xml, const Account& account, const RouteTable& table, const Route& route) {
  const bool prefix_list = route.destination.starts_with("pl-");
  xml.text(prefix_list ? "destinationPrefixListId" : "destinationCidrBlock", route.destination);
  if (route.target.starts_with(kInterface.prefix)) {
    if (std::string id = instance_behind(account, route.target); !id.empty())
      xml.text("instanceId", id).text("instanceOwnerId", account.settings.account);
    xml.text("networkInterfaceId", route.target);
  } else {
    xml.text("gatewayId", route.target);
  }
  xml.text("state", leads_somewhere(account, table, route) ? "active" : "blackhole");
  xml.text("origin", route.origin);
}

void write_table(Xml& xml, const Account& account, const RouteTable& table) {
  xml.text("routeTableId", table.id).text("vpcId", table.vpc_id).text("ownerId", account.settings.account);
  xml.in("routeSet", [&] {
    for (const Route& route : table.routes) xml.in("item", [&] { write_route(xml, account, table, route); });
  });
  xml.in("associationSet", [&] {
    if (!table.main_association.empty()) write_association_of(xml, table, table.main_association, "");
    for (const auto& [id, subnet] : table.associations) write_association_of(xml, table, id, subnet);
  });
  xml.in("propagatingVgwSet", [] {});
}

Answer<Xml> describe_tables(Account& account, const Call& call) {
  return list<RouteTable>(account, call, account.route_tables,
                          {"RouteTableId", "routeTableSet", kRouteTable, table_values, write_table, 100});
}

Answer<Xml> create_table(Account& account, const Call& call) {
  if (const Remembered* before = EMU_TRY(recall(account, call))) return std::move(Xml{}.raw(before->body));
  const Vpc& vpc = *EMU_TRY(named_in(account.vpcs, call.params, "VpcId", kVpc));
  RouteTable table;
  table.tags = EMU_TRY(read_tags_for(call.params, "route-table"));
  EMU_TRY(unless_dry_run(call));
  table.id = account.make_id("rtb-");
  table.vpc_id = vpc.id;
  table.routes.push_back({vpc.cidr, "local", "CreateRouteTable"});
  account.route_tables.emplace(table.id, table);
  Xml xml = one("routeTable", account, table, write_table);
  remember(account, call, {"", xml.str(), {}, "", {}});
  return xml;
}

Answer<Xml> delete_table(Account& account, const Call& call) {
  const RouteTable& table =
      *EMU_TRY(named_in(account.route_tables, call.params, "RouteTableId", kRouteTable));
  if (!table.main_association.empty() || !table.associations.empty())
    return refusal("DependencyViolation",
                   fmt::format("The routeTable '{}' has dependencies and cannot be deleted.", table.id));
  EMU_TRY(unless_dry_run(call));
  for (auto& [id, endpoint] : account.vpc_endpoints) endpoint.route_tables.erase(table.id);
  account.route_tables.erase(account.route_tables.find(table.id));
  return done();
}

Xml associated(const std::string& id, std::string_view element) {
  Xml xml;
  xml.text(element, id).in("associationState", [&] { xml.text("state", "associated"); });
  return xml;
}

Answer<Xml> associate_table(Account& account, const Call& call) {
  RouteTable& table = *EMU_TRY(named_in(account.route_tables, call.params, "RouteTableId", kRouteTable));
  const Subnet& subnet = *EMU_TRY(named_in(account.subnets, call.params, "SubnetId", kSubnet));
  if (subnet.vpc_id != table.vpc_id)
    return refusal(
        "InvalidParameterValue",
        fmt::format("Route table {} and subnet {} belong to different networks", table.id, subnet.id));
  for (const auto& [id, other] : account.route_tables)
    for (const auto& [association, member] : other.associations) {
      if (member != subnet.id) continue;
      if (id == table.id) return associated(association, "associationId");
      return refusal("Resource.AlreadyAssociated",
                     fmt::format("the specified association for route table {} conflicts with an existing "
                                 "association",
                                 table.id));
    }
  EMU_TRY(unless_dry_run(call));
  const std::string id = account.make_id("rtbassoc-");
  table.associations[id] = subnet.id;
  return associated(id, "associationId");
}

/// The table that has the association, by subnet or as the main one.
Answer<RouteTable*> table_with(Account& account, const Params& params) {
  const std::string id = EMU_TRY(required(params, "AssociationId"));
  for (auto& [ignored, table] : account.route_tables)
    if (table.main_association == id || table.associations.contains(id)) return &table;
  return refusal("InvalidAssociationID.NotFound", fmt::format("The association ID '{}' does not exist", id));
}

Answer<Xml> disassociate_table(Account& account, const Call& call) {
  RouteTable& table = *EMU_TRY(table_with(account, call.params));
  const std::string& id = call.params.get("AssociationId");
  if (table.main_association == id)
    return refusal("InvalidParameterValue",
                   fmt::format("cannot disassociate the main route table association {}", id));
  EMU_TRY(unless_dry_run(call));
  table.associations.erase(id);
  return done();
}

Answer<Xml> replace_association(Account& account, const Call& call) {
  RouteTable& from = *EMU_TRY(table_with(account, call.params));
  RouteTable& to = *EMU_TRY(named_in(account.route_tables, call.params, "RouteTableId", kRouteTable));
  if (from.vpc_id != to.vpc_id)
    return refusal("InvalidParameterValue",
                   fmt::format("Route tables {} and {} belong to different networks", from.id, to.id));
  EMU_TRY(unless_dry_run(call));
  const std::string id = account.make_id("rtbassoc-"), &old = call.params.get("AssociationId");
  if (from.main_association == old) {
    from.main_association.clear();
    to.main_association = id;
  } else {
    const std::string subnet = from.associations.at(old);
    from.associations.erase(old);
    to.associations[id] = subnet;
  }
  return associated(id, "newAssociationId");
}

}  // namespace

const XmlOperations& ec2_route_table_operations() {
  static const XmlOperations kTable = {{"CreateRouteTable", create_table},
                                       {"DeleteRouteTable", delete_table},
                                       {"DescribeRouteTables", describe_tables},
                                       {"AssociateRouteTable", associate_table},
                                       {"DisassociateRouteTable", disassociate_table},
                                       {"ReplaceRouteTableAssociation", replace_association}};
  return kTable;
}

}  // namespace spillway::emu
