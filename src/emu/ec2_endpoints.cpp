#include "base/json.h"
#include "base/text.h"
#include "emu/ec2_list.h"

// Gateway endpoints: the way to S3 that needs no public address. An endpoint puts a route to S3's prefix list
// into each of its route tables.
namespace spillway::emu {
namespace {

constexpr std::string_view kOpenPolicy =
    R"({"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]})";

std::optional<Values> endpoint_values(const Account&, const VpcEndpoint& endpoint, std::string_view name) {
  if (name == "vpc-endpoint-id") return Values{endpoint.id};
  if (name == "vpc-id") return Values{endpoint.vpc_id};
  if (name == "service-name") return Values{endpoint.service};
  if (name == "vpc-endpoint-type") return Values{"Gateway"};
  if (name == "vpc-endpoint-state") return Values{"available"};
  return std::nullopt;
}

void write_endpoint(Xml& xml, const Account& account, const VpcEndpoint& endpoint) {
  xml.text("vpcEndpointId", endpoint.id).text("vpcEndpointType", "Gateway").text("vpcId", endpoint.vpc_id);
  xml.text("serviceName", endpoint.service).text("state", "available");
  xml.text("policyDocument", endpoint.policy);
  xml.in("routeTableIdSet", [&] {
    for (const std::string& id : endpoint.route_tables) xml.text("item", id);
  });
  for (std::string_view none : {"subnetIdSet", "groupSet", "networkInterfaceIdSet", "dnsEntrySet"})
    xml.in(none, [] {});
  xml.flag("privateDnsEnabled", false).flag("requesterManaged", false);
  xml.text("creationTimestamp", to_iso8601(endpoint.created)).text("ownerId", account.settings.account);
}

Answer<Xml> describe_endpoints(Account& account, const Call& call) {
  return list<VpcEndpoint>(account, call, account.vpc_endpoints,
                           {"VpcEndpointId", "vpcEndpointSet", kEndpoint, endpoint_values, write_endpoint});
}

Answer<bool> check_policy(const std::string& document) {
  auto read = Json::parse(document);
  if (!read || !read->is_object() || !read->contains("Statement"))
    return refusal("InvalidPolicyDocument", "The specified policy document is not valid JSON, or no policy");
  return true;
}

/// Whether the endpoint can have a route in each of these tables.
Answer<bool> check_tables(const Account& account, const std::string& vpc_id, const Values& tables) {
  for (const std::string& id : tables) {
    auto table = account.route_tables.find(id);
    if (table == account.route_tables.end())  // spelt with Id by the calls about endpoints
      return refusal("InvalidRouteTableId.NotFound",
                     fmt::format("The routeTable ID '{}' does not exist", id));
    if (table->second.vpc_id != vpc_id)
      return refusal("InvalidParameter",
                     fmt::format("Route table {} does not belong to network {}", id, vpc_id));
    for (const Route& route : table->second.routes)
      if (route.destination == kS3PrefixList)
        return refusal("RouteAlreadyExists",
                       fmt::format("route table {} already has a route with destination-prefix-list-id {}",
                                   id, kS3PrefixList));
  }
  return true;
}

void add_tables(Account& account, VpcEndpoint& endpoint, const Values& tables) {
  for (const std::string& id : tables)
    if (endpoint.route_tables.insert(id).second)
      account.route_tables.find(id)->second.routes.push_back(
          {std::string(kS3PrefixList), endpoint.id, "CreateRoute"});
}

void remove_table(Account& account, VpcEndpoint& endpoint, const std::string& table_id) {
  endpoint.route_tables.erase(table_id);
  auto table = account.route_tables.find(table_id);
  if (table != account.route_tables.end())
    std::erase_if(table->second.routes, [&](const Route& route) { return route.target == endpoint.id; });
}

Answer<Xml> create_endpoint(Account& account, const Call& call) {
  const Params& params = call.params;
  if (const Remembered* before = EMU_TRY(recall(account, call))) return std::move(Xml{}.raw(before->body));
  VpcEndpoint endpoint;
  endpoint.vpc_id = EMU_TRY(named_in(account.vpcs, params, "VpcId", kVpc))->id;
  endpoint.service = EMU_TRY(required(params, "ServiceName"));
  if (endpoint.service != s3_service(account))
    return refusal("InvalidServiceName",
                   fmt::format("The Vpc Endpoint Service '{}' does not exist", endpoint.service));
  if (const std::string& type = params.get("VpcEndpointType"); !type.empty() && type != "Gateway")
    return refusal("UnsupportedOperation", "This emulator has endpoints of type Gateway only");
  endpoint.policy = params.has("PolicyDocument") ? params.get("PolicyDocument") : std::string(kOpenPolicy);
  EMU_TRY(check_policy(endpoint.policy));
  const Values tables = params.list("RouteTableId");
  EMU_TRY(check_tables(account, endpoint.vpc_id, tables));
  endpoint.tags = EMU_TRY(read_tags_for(params, "vpc-endpoint"));
  EMU_TRY(unless_dry_run(call));
  endpoint.id = account.make_id("vpce-");
  endpoint.created = account.now();
  VpcEndpoint& kept = account.vpc_endpoints.emplace(endpoint.id, endpoint).first->second;
  add_tables(account, kept, tables);
  Xml xml = one("vpcEndpoint", account, kept, write_endpoint);
  if (params.has("ClientToken")) xml.text("clientToken", params.get("ClientToken"));
  remember(account, call, {"", xml.str(), {}, "", {}});
  return xml;
}

Answer<Xml> modify_endpoint(Account& account, const Call& call) {
  VpcEndpoint& endpoint = *EMU_TRY(named_in(account.vpc_endpoints, call.params, "VpcEndpointId", kEndpoint));
  const Values added = call.params.list("AddRouteTableId"), removed = call.params.list("RemoveRouteTableId");
  EMU_TRY(check_tables(account, endpoint.vpc_id, added));
  for (const std::string& id : removed)
    if (!endpoint.route_tables.contains(id))
      return refusal("InvalidRouteTableId.NotFound",
                     fmt::format("The routeTable ID '{}' is not associated with {}", id, endpoint.id));
  const bool new_policy = call.params.has("PolicyDocument");
  if (new_policy) EMU_TRY(check_policy(call.params.get("PolicyDocument")));
  EMU_TRY(unless_dry_run(call));
  add_tables(account, endpoint, added);
  for (const std::string& id : removed) remove_table(account, endpoint, id);
  if (call.params.flag("ResetPolicy")) endpoint.policy = kOpenPolicy;
  if (new_policy) endpoint.policy = call.params.get("PolicyDocument");
  return done();
}

Answer<Xml> delete_endpoints(Account& account, const Call& call) {
  const Values ids = call.params.list("VpcEndpointId");
  if (ids.empty()) return refusal("MissingParameter", "The request must contain the parameter VpcEndpointId");
  EMU_TRY(unless_dry_run(call));
  Xml xml;
  xml.in("unsuccessful", [&] {
    for (const std::string& id : ids) {
      auto found = account.vpc_endpoints.find(id);
      if (found == account.vpc_endpoints.end()) {
        xml.in("item", [&] {
          xml.in("error", [&] {
            xml.text("code", kEndpoint.missing);
            xml.text("message", fmt::format("The Vpc Endpoint Id '{}' does not exist", id));
          });
          xml.text("resourceId", id);
        });
        continue;
      }
      const std::set<std::string> tables = found->second.route_tables;
      for (const std::string& table : tables) remove_table(account, found->second, table);
      account.vpc_endpoints.erase(found);
    }
  });
  return xml;
}

Answer<Xml> describe_prefix_lists(Account& account, const Call& call) {
  EMU_TRY(unless_dry_run(call));
  for (const std::string& id : call.params.list("PrefixListId"))
    if (id != kS3PrefixList)
      return refusal("InvalidPrefixListId.NotFound",
                     fmt::format("The prefix list ID '{}' does not exist", id));
  const bool passes = EMU_TRY(
      passes_filters(read_filters(call.params), {}, [&](std::string_view name) -> std::optional<Values> {
        if (name == "prefix-list-id") return Values{std::string(kS3PrefixList)};
        if (name == "prefix-list-name") return Values{s3_service(account)};
        return std::nullopt;
      }));
  Xml xml;
  xml.in("prefixListSet", [&] {
    if (!passes) return;
    xml.in("item", [&] {
      xml.text("prefixListId", kS3PrefixList).text("prefixListName", s3_service(account));
      xml.in("cidrSet", [&] {
        for (const std::string& cidr : account.settings.s3_cidrs) xml.text("item", cidr);
      });
    });
  });
  return xml;
}

}  // namespace

const XmlOperations& ec2_endpoint_operations() {
  static const XmlOperations kTable = {{"CreateVpcEndpoint", create_endpoint},
                                       {"ModifyVpcEndpoint", modify_endpoint},
                                       {"DeleteVpcEndpoints", delete_endpoints},
                                       {"DescribeVpcEndpoints", describe_endpoints},
                                       {"DescribePrefixLists", describe_prefix_lists}};
  return kTable;
}

}  // namespace spillway::emu
