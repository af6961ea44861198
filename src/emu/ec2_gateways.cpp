#include "emu/ec2_list.h"

// Internet gateways.
namespace spillway::emu {
namespace {

std::optional<Values> gateway_values(const Account& account, const InternetGateway& gateway,
                                     std::string_view name) {
  if (name == "internet-gateway-id") return Values{gateway.id};
  if (name == "attachment.vpc-id") return some({gateway.vpc_id});
  if (name == "attachment.state") return some({gateway.vpc_id.empty() ? "" : "available"});
  if (name == "owner-id") return Values{account.settings.account};
  return std::nullopt;
}

void write_gateway(Xml& xml, const Account& account, const InternetGateway& gateway) {
  xml.text("internetGatewayId", gateway.id).text("ownerId", account.settings.account);
  xml.in("attachmentSet", [&] {
    if (!gateway.vpc_id.empty())
      xml.in("item", [&] { xml.text("vpcId", gateway.vpc_id).text("state", "available"); });
  });
}

Answer<Xml> describe_gateways(Account& account, const Call& call) {
  return list<InternetGateway>(
      account, call, account.internet_gateways,
      {"InternetGatewayId", "internetGatewaySet", kGateway, gateway_values, write_gateway});
}

Answer<Xml> create_gateway(Account& account, const Call& call) {
  InternetGateway gateway;
  gateway.tags = EMU_TRY(read_tags_for(call.params, "internet-gateway"));
  EMU_TRY(unless_dry_run(call));
  gateway.id = account.make_id("igw-");
  account.internet_gateways.emplace(gateway.id, gateway);
  return one("internetGateway", account, gateway, write_gateway);
}

Answer<Xml> attach_gateway(Account& account, const Call& call) {
  InternetGateway& gateway =
      *EMU_TRY(named_in(account.internet_gateways, call.params, "InternetGatewayId", kGateway));
  const Vpc& vpc = *EMU_TRY(named_in(account.vpcs, call.params, "VpcId", kVpc));
  if (!gateway.vpc_id.empty())
    return refusal("Resource.AlreadyAssociated",
                   fmt::format("resource {} is already attached to network {}", gateway.id, gateway.vpc_id));
  for (const auto& [id, other] : account.internet_gateways)
    if (other.vpc_id == vpc.id)
      return refusal("InvalidParameterValue",
                     fmt::format("Network {} already has an internet gateway attached", vpc.id));
  EMU_TRY(unless_dry_run(call));
  gateway.vpc_id = vpc.id;
  return done();
}

bool has_public_addresses(const Account& account, const std::string& vpc_id) {
  for (const auto& [id, interface] : account.interfaces)
    if (interface.vpc_id == vpc_id && !public_address_of(account, interface).ip.empty()) return true;
  return false;
}

Answer<Xml> detach_gateway(Account& account, const Call& call) {
  InternetGateway& gateway =
      *EMU_TRY(named_in(account.internet_gateways, call.params, "InternetGatewayId", kGateway));
  const Vpc& vpc = *EMU_TRY(named_in(account.vpcs, call.params, "VpcId", kVpc));
  if (gateway.vpc_id != vpc.id)
    return refusal("Gateway.NotAttached",
                   fmt::format("resource {} is not attached to network {}", gateway.id, vpc.id));
  if (has_public_addresses(account, vpc.id))
    return refusal("DependencyViolation",
                   fmt::format("Network {} has some mapped public address(es). Please unmap those public "
                               "address(es) before detaching the gateway.",
                               vpc.id));
  EMU_TRY(unless_dry_run(call));
  gateway.vpc_id.clear();
  return done();
}

Answer<Xml> delete_gateway(Account& account, const Call& call) {
  const InternetGateway& gateway =
      *EMU_TRY(named_in(account.internet_gateways, call.params, "InternetGatewayId", kGateway));
  if (!gateway.vpc_id.empty())
    return refusal(
        "DependencyViolation",
        fmt::format("The internetGateway '{}' has dependencies and cannot be deleted.", gateway.id));
  EMU_TRY(unless_dry_run(call));
  account.internet_gateways.erase(account.internet_gateways.find(gateway.id));
  return done();
}

}  // namespace

const XmlOperations& ec2_gateway_operations() {
  static const XmlOperations kTable = {{"CreateInternetGateway", create_gateway},
                                       {"AttachInternetGateway", attach_gateway},
                                       {"DetachInternetGateway", detach_gateway},
                                       {"DeleteInternetGateway", delete_gateway},
                                       {"DescribeInternetGateways", describe_gateways}};
  return kTable;
}

}  // namespace spillway::emu
