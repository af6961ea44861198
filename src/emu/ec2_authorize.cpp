#include "base/text.h"
#include "emu/ec2_ask.h"
#include "emu/iam.h"

// Which resources an EC2 call is about, as IAM sees them. Describe* know no resource but "*", with two
// exceptions. Launches have a file of their own.
namespace spillway::emu {
namespace {

struct Touches {
  std::string_view creates;     // a type, when the call makes something
  std::string_view parameters;  // that hold ids, one or many
};

const std::map<std::string_view, Touches>& touches() {
  static const std::map<std::string_view, Touches> kTable = {
      {"CreateVpc", {"vpc", ""}},
      {"DeleteVpc", {"", "VpcId"}},
      {"ModifyVpcAttribute", {"", "VpcId"}},
      {"DescribeVpcAttribute", {"", "VpcId"}},
      {"CreateSubnet", {"subnet", "VpcId"}},
      {"DeleteSubnet", {"", "SubnetId"}},
      {"ModifySubnetAttribute", {"", "SubnetId"}},
      {"CreateInternetGateway", {"internet-gateway", ""}},
      {"AttachInternetGateway", {"", "InternetGatewayId VpcId"}},
      {"DetachInternetGateway", {"", "InternetGatewayId VpcId"}},
      {"DeleteInternetGateway", {"", "InternetGatewayId"}},
      {"CreateRouteTable", {"route-table", "VpcId"}},
      {"DeleteRouteTable", {"", "RouteTableId"}},
      {"CreateRoute", {"", "RouteTableId"}},
      {"ReplaceRoute", {"", "RouteTableId"}},
      {"DeleteRoute", {"", "RouteTableId"}},
      {"AssociateRouteTable", {"", "RouteTableId SubnetId"}},
      {"DisassociateRouteTable", {"", "AssociationId"}},
      {"ReplaceRouteTableAssociation", {"", "AssociationId RouteTableId"}},
      {"CreateVpcEndpoint", {"vpc-endpoint", "VpcId RouteTableId"}},
      {"ModifyVpcEndpoint", {"", "VpcEndpointId AddRouteTableId RemoveRouteTableId"}},
      {"DeleteVpcEndpoints", {"", "VpcEndpointId"}},
      {"CreateSecurityGroup", {"security-group", "VpcId"}},
      {"DeleteSecurityGroup", {"", "GroupId"}},
      {"AuthorizeSecurityGroupIngress", {"", "GroupId"}},
      {"AuthorizeSecurityGroupEgress", {"", "GroupId"}},
      {"RevokeSecurityGroupIngress", {"", "GroupId"}},
      {"RevokeSecurityGroupEgress", {"", "GroupId"}},
      {"AllocateAddress", {"elastic-ip", ""}},
      {"AssociateAddress", {"", "AllocationId InstanceId NetworkInterfaceId"}},
      {"DisassociateAddress", {"", "AssociationId"}},
      {"ReleaseAddress", {"", "AllocationId"}},
      {"CreateDhcpOptions", {"dhcp-options", ""}},
      {"AssociateDhcpOptions", {"", "DhcpOptionsId VpcId"}},
      {"DeleteDhcpOptions", {"", "DhcpOptionsId"}},
      {"ModifyNetworkInterfaceAttribute", {"", "NetworkInterfaceId SecurityGroupId"}},
      {"DescribeInstanceAttribute", {"", "InstanceId"}},
      {"ModifyInstanceAttribute", {"", "InstanceId GroupId"}},
      {"TerminateInstances", {"", "InstanceId"}},
      {"DeleteVolume", {"", "VolumeId"}},
      {"StopInstances", {"", "InstanceId"}},
      {"StartInstances", {"", "InstanceId"}},
      {"GetConsoleOutput", {"", "InstanceId"}},
      {"CreateImage", {"image", "InstanceId"}},
      {"DeregisterImage", {"", "ImageId"}},
      {"DeleteSnapshot", {"", "SnapshotId"}},
      {"DeleteNetworkInterface", {"", "NetworkInterfaceId"}},
      {"DeleteFleets", {"", "FleetId"}},
      {"CreateTags", {"", "ResourceId"}},
      {"DeleteTags", {"", "ResourceId"}},
      {"CreateLaunchTemplate", {"launch-template", ""}},
  };
  return kTable;
}

/// What an association id stands for: the thing that keeps it.
std::string keeper_of(const Account& account, const std::string& id) {
  for (const auto& [table_id, table] : account.route_tables)
    if (table.main_association == id || table.associations.contains(id)) return table_id;
  for (const auto& [address_id, address] : account.addresses)
    if (!id.empty() && address.association_id == id) return address_id;
  return id;
}

std::vector<std::string> ids_of(const Account& account, const Call& call, std::string_view parameters) {
  std::vector<std::string> ids;
  for (std::string_view name : split(parameters, ' ')) {
    if (const std::string* id = call.params.find(name)) ids.push_back(*id);
    for (std::string& id : call.params.list(name)) ids.push_back(std::move(id));
  }
  for (std::string& id : ids) id = keeper_of(account, id);
  return ids;
}

/// Tags that CreateTags and DeleteTags bring, for the call's own conditions.
Asker::Context tags_brought(const Call& call) {
  Tags tags;
  if (call.operation == "CreateTags" || call.operation == "DeleteTags")
    for (const Params& tag : call.params.structures("Tag")) tags[tag.get("Key")] = tag.get("Value");
  return request_tags(tags);
}

template <class Resource>
std::string vpc_of(const Resource& resource) {
  if constexpr (requires { resource.vpc_id; })
    return resource.vpc_id;
  else
    return "";
}

Answer<bool> ask(const Asker& asker, const Touches& what) {
  const Call& call = asker.call;
  const std::string action = "ec2:" + call.operation;
  auto tags = read_tag_specifications(call.params, "TagSpecification");
  if (!tags) tags.emplace();  // the operation itself tells what is wrong with them
  if (!what.creates.empty()) {
    Asker::Context context = request_tags((*tags)[std::string(what.creates)]);
    if (const std::string& vpc = call.params.get("VpcId"); !vpc.empty())
      context.emplace_back("ec2:Vpc", asker.vpc_arn(vpc));
    EMU_TRY(asker.demand(action, asker.arn(what.creates, "*"), std::move(context)));
  }
  const std::vector<std::string> ids = ids_of(asker.account, call, what.parameters);
  for (const std::string& id : ids) EMU_TRY(asker.demand_on(action, id, tags_brought(call)));
  if (what.creates.empty() && ids.empty()) EMU_TRY(asker.demand(action, "*"));
  return asker.demand_tags(*tags);
}

}  // namespace

Asker::Context request_tags(const Tags& tags) {
  Asker::Context context;
  for (const auto& [key, value] : tags) {
    context.emplace_back("aws:RequestTag/" + key, value);
    context.emplace_back("aws:TagKeys", key);
  }
  return context;
}

Asker::Context resource_tags(const Tags& tags) {
  Asker::Context context;
  for (const auto& [key, value] : tags)
    for (const char* prefix : {"aws:ResourceTag/", "ec2:ResourceTag/"})
      context.emplace_back(prefix + key, value);
  return context;
}

void append(Asker::Context& context, const Asker::Context& more) {
  context.insert(context.end(), more.begin(), more.end());
}

Answer<bool> Asker::demand(const std::string& action, const std::string& resource, Context context) const {
  context.emplace_back("ec2:Region", account.settings.region);
  if (allowed(account, call.who, {action, resource, std::move(context)})) return true;
  return refusal(
      "UnauthorizedOperation",
      fmt::format(
          "You are not authorized to perform this operation. User: {} is not authorized to perform: {} on "
          "resource: {} because no identity-based policy allows the {} action",
          call.who.arn, action, resource, action),
      403);
}

Answer<bool> Asker::demand_on(const std::string& action, const std::string& id, Context more) const {
  std::string resource = "*";
  each_kind(account, [&](const Kind& kind, const auto& map) {
    if (!id.starts_with(kind.prefix)) return;
    resource = arn(kind.type, id);
    if (kind.prefix == kImage.prefix)  // images have no account in their names
      resource = fmt::format("arn:aws:ec2:{}::image/{}", account.settings.region, id);
    auto found = map.find(id);
    if (found == map.end()) return;
    append(more, resource_tags(found->second.tags));
    if (std::string vpc = vpc_of(found->second); !vpc.empty()) more.emplace_back("ec2:Vpc", vpc_arn(vpc));
  });
  return demand(action, resource, std::move(more));
}

Answer<bool> Asker::demand_tags(const std::map<std::string, Tags>& tags) const {
  for (const auto& [type, given] : tags) {
    if (given.empty()) continue;
    Context context = request_tags(given);
    context.emplace_back("ec2:CreateAction", call.operation);
    EMU_TRY(demand("ec2:CreateTags", arn(type, "*"), std::move(context)));
  }
  return true;
}

Answer<bool> authorize_ec2(const Account& account, const Call& call) {
  const Asker asker{account, call};
  const std::string& operation = call.operation;
  if (operation == "RunInstances" || operation == "CreateFleet") return asker.demand_launches();
  if (auto found = touches().find(operation); found != touches().end()) return ask(asker, found->second);
  const bool of_template = operation.find("LaunchTemplate") != std::string::npos;
  if (of_template && !operation.starts_with("Describe"))
    if (auto resolved = resolve_template(account, call.params))
      return asker.demand_on("ec2:" + operation, resolved->launch_template->id);
  return asker.demand("ec2:" + operation, "*");
}

}  // namespace spillway::emu
