#include "emu/cidr.h"
#include "emu/ec2_list.h"

// VPCs and their attributes.
namespace spillway::emu {
namespace {

std::optional<Values> vpc_values(const Account& account, const Vpc& vpc, std::string_view name) {
  if (name == "vpc-id") return Values{vpc.id};
  if (name == "cidr" || name == "cidr-block-association.cidr-block") return Values{vpc.cidr};
  if (name == "state") return Values{"available"};
  if (name == "is-default" || name == "isDefault") return Values{"false"};
  if (name == "dhcp-options-id") return Values{vpc.dhcp_options};
  if (name == "owner-id") return Values{account.settings.account};
  return std::nullopt;
}

void write_vpc(Xml& xml, const Account& account, const Vpc& vpc) {
  xml.text("vpcId", vpc.id).text("ownerId", account.settings.account).text("state", "available");
  xml.text("cidrBlock", vpc.cidr).text("dhcpOptionsId", vpc.dhcp_options);
  xml.in("cidrBlockAssociationSet", [&] {
    xml.in("item", [&] {
      xml.text("associationId", "vpc-cidr-assoc-" + vpc.id.substr(vpc.id.find('-') + 1))
          .text("cidrBlock", vpc.cidr);
      xml.in("cidrBlockState", [&] { xml.text("state", "associated"); });
    });
  });
  xml.text("instanceTenancy", "default").flag("isDefault", false);
}

Answer<Xml> describe_vpcs(Account& account, const Call& call) {
  return list<Vpc>(account, call, account.vpcs, {"VpcId", "vpcSet", kVpc, vpc_values, write_vpc});
}

Answer<Xml> create_vpc(Account& account, const Call& call) {
  const std::string text = EMU_TRY(required(call.params, "CidrBlock"));
  const auto cidr = Cidr::parse(text);
  if (!cidr)
    return refusal(
        "InvalidParameterValue",
        fmt::format("Value ({}) for parameter cidrBlock is invalid. This is not a valid CIDR block.", text));
  if (cidr->bits < 16 || cidr->bits > 28)
    return refusal("InvalidVpc.Range", fmt::format("The CIDR '{}' is invalid.", text));
  Vpc vpc;
  vpc.cidr = cidr->text();
  vpc.tags = EMU_TRY(read_tags_for(call.params, "vpc"));
  EMU_TRY(unless_dry_run(call));
  vpc.id = account.make_id("vpc-");
  Vpc& kept = account.vpcs.emplace(vpc.id, vpc).first->second;
  furnish(account, kept);
  return one("vpc", account, kept, write_vpc);
}

/// Whether anything is in the VPC that EC2 did not put there by itself.
bool is_inhabited(const Account& account, const Vpc& vpc) {
  for (const auto& [id, subnet] : account.subnets)
    if (subnet.vpc_id == vpc.id) return true;
  for (const auto& [id, gateway] : account.internet_gateways)
    if (gateway.vpc_id == vpc.id) return true;
  for (const auto& [id, table] : account.route_tables)
    if (table.vpc_id == vpc.id && table.main_association.empty()) return true;
  for (const auto& [id, endpoint] : account.vpc_endpoints)
    if (endpoint.vpc_id == vpc.id) return true;
  for (const auto& [id, group] : account.security_groups)
    if (group.vpc_id == vpc.id && group.name != "default") return true;
  return false;
}

Answer<Xml> delete_vpc(Account& account, const Call& call) {
  const Vpc& vpc = *EMU_TRY(named_in(account.vpcs, call.params, "VpcId", kVpc));
  if (is_inhabited(account, vpc))
    return refusal("DependencyViolation",
                   fmt::format("The vpc '{}' has dependencies and cannot be deleted.", vpc.id));
  EMU_TRY(unless_dry_run(call));
  const std::string id = vpc.id;
  std::erase_if(account.security_group_rules, [&](const auto& entry) {
    auto group = account.security_groups.find(entry.second.group_id);
    return group != account.security_groups.end() && group->second.vpc_id == id;
  });
  std::erase_if(account.security_groups, [&](const auto& entry) { return entry.second.vpc_id == id; });
  std::erase_if(account.route_tables, [&](const auto& entry) { return entry.second.vpc_id == id; });
  account.vpcs.erase(id);
  return done();
}

struct Attribute {
  std::string parameter;
  std::string_view element;
  bool Vpc::*member;
};
const std::vector<Attribute>& attributes() {
  static const std::vector<Attribute> kAll = {
      {"EnableDnsSupport", "enableDnsSupport", &Vpc::dns_support},
      {"EnableDnsHostnames", "enableDnsHostnames", &Vpc::dns_hostnames},
      {"EnableNetworkAddressUsageMetrics", "enableNetworkAddressUsageMetrics", &Vpc::usage_metrics}};
  return kAll;
}

Answer<Xml> modify_vpc_attribute(Account& account, const Call& call) {
  Vpc& vpc = *EMU_TRY(named_in(account.vpcs, call.params, "VpcId", kVpc));
  const Attribute* chosen = nullptr;
  for (const Attribute& attribute : attributes()) {
    if (!call.params.has(attribute.parameter + ".Value")) continue;
    if (chosen)
      return refusal("InvalidParameterCombination", "Fields for multiple attribute types specified");
    chosen = &attribute;
  }
  if (!chosen) return refusal("MissingParameter", "No attributes specified");
  const bool value = EMU_TRY(attribute_flag(call.params, chosen->parameter));
  if (chosen->member == &Vpc::dns_hostnames && value && !vpc.dns_support)
    return refusal("InvalidParameterCombination", "DNS hostnames need DNS support to be enabled");
  vpc.*chosen->member = value;
  return done();
}

Answer<Xml> describe_vpc_attribute(Account& account, const Call& call) {
  const Vpc& vpc = *EMU_TRY(named_in(account.vpcs, call.params, "VpcId", kVpc));
  const std::string wanted = EMU_TRY(required(call.params, "Attribute"));
  EMU_TRY(unless_dry_run(call));
  for (const Attribute& attribute : attributes()) {
    if (wanted != attribute.element) continue;
    Xml xml;
    xml.text("vpcId", vpc.id).in(attribute.element, [&] { xml.flag("value", vpc.*attribute.member); });
    return xml;
  }
  return refusal("InvalidParameterValue",
                 fmt::format("Value ({}) for parameter attribute is invalid. Unknown attribute.", wanted));
}

}  // namespace

const XmlOperations& ec2_vpc_operations() {
  static const XmlOperations kTable = {{"CreateVpc", create_vpc},
                                       {"DeleteVpc", delete_vpc},
                                       {"DescribeVpcs", describe_vpcs},
                                       {"ModifyVpcAttribute", modify_vpc_attribute},
                                       {"DescribeVpcAttribute", describe_vpc_attribute}};
  return kTable;
}

}  // namespace spillway::emu
