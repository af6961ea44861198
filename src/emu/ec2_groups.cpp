#include "emu/ec2_list.h"

// Security groups. Their rules are in ec2_rules.cpp.
namespace spillway::emu {
namespace {

std::optional<Values> permission_values(const Account& account, const SecurityGroup& group, bool egress,
                                        std::string_view name) {
  Values out;
  for (const auto& [id, rule] : account.security_group_rules) {
    if (rule.group_id != group.id || rule.egress != egress) continue;
    Values value;
    if (name == "protocol") value = {rule.protocol};
    if (name == "cidr") value = some({rule.cidr});
    if (name == "group-id") value = some({rule.peer_group});
    if (name == "prefix-list-id") value = some({rule.prefix_list});
    if (name == "from-port" && rule.from) value = {std::to_string(*rule.from)};
    if (name == "to-port" && rule.to) value = {std::to_string(*rule.to)};
    out.insert(out.end(), value.begin(), value.end());
  }
  return out;
}

std::optional<Values> group_values(const Account& account, const SecurityGroup& group,
                                   std::string_view name) {
  if (name == "group-id") return Values{group.id};
  if (name == "group-name") return Values{group.name};
  if (name == "vpc-id") return Values{group.vpc_id};
  if (name == "description") return Values{group.description};
  if (name == "owner-id") return Values{account.settings.account};
  for (std::string_view known : {"protocol", "cidr", "group-id", "prefix-list-id", "from-port", "to-port"}) {
    if (name == fmt::format("ip-permission.{}", known))
      return permission_values(account, group, false, known);
    if (name == fmt::format("egress.ip-permission.{}", known))
      return permission_values(account, group, true, known);
  }
  return std::nullopt;
}

void write_group(Xml& xml, const Account& account, const SecurityGroup& group) {
  xml.text("ownerId", account.settings.account).text("groupId", group.id).text("groupName", group.name);
  xml.text("groupDescription", group.description).text("vpcId", group.vpc_id);
  xml.in("ipPermissions", [&] { write_permissions(xml, account, group.id, false); });
  xml.in("ipPermissionsEgress", [&] { write_permissions(xml, account, group.id, true); });
}

Answer<Xml> describe_groups(Account& account, const Call& call) {
  if (!call.params.list("GroupName").empty())  // names are those of the default VPC
    return refusal("VPCIdNotSpecified", "No default VPC for this user");
  return list<SecurityGroup>(account, call, account.security_groups,
                             {"GroupId", "securityGroupInfo", kGroup, group_values, write_group});
}

Answer<std::string> checked_name(const Account& account, const Params& params, const std::string& vpc_id) {
  const std::string name = EMU_TRY(required(params, "GroupName"));
  if (name.starts_with("sg-") || name.size() > 255 || !is_description(name))
    return refusal("InvalidParameterValue",
                   fmt::format("Value ({}) for parameter GroupName is invalid.", name));
  if (name == "default")
    return refusal("InvalidParameterValue", "Cannot use reserved security group name: default");
  for (const auto& [id, other] : account.security_groups)
    if (other.vpc_id == vpc_id && other.name == name)
      return refusal("InvalidGroup.Duplicate",
                     fmt::format("The security group '{}' already exists for VPC '{}'", name, vpc_id));
  return name;
}

Answer<Xml> create_group(Account& account, const Call& call) {
  if (!call.params.has("VpcId")) return refusal("VPCIdNotSpecified", "No default VPC for this user");
  SecurityGroup group;
  group.vpc_id = EMU_TRY(named_in(account.vpcs, call.params, "VpcId", kVpc))->id;
  group.name = EMU_TRY(checked_name(account, call.params, group.vpc_id));
  group.description = EMU_TRY(required(call.params, "GroupDescription"));
  if (!is_description(group.description))
    return refusal("InvalidParameterValue",
                   fmt::format("Value ({}) for parameter GroupDescription is invalid. Valid descriptions are "
                               "strings less than 256 characters from the following set: "
                               "a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*",
                               group.description));
  group.tags = EMU_TRY(read_tags_for(call.params, "security-group"));
  EMU_TRY(unless_dry_run(call));
  group.id = account.make_id("sg-");
  account.security_groups.emplace(group.id, group);
  allow_all_egress(account, group.id);
  Xml xml;
  xml.flag("return", true).text("groupId", group.id);
  write_tags(xml, group.tags);
  return xml;
}

Answer<Xml> delete_group(Account& account, const Call& call) {
  if (!call.params.has("GroupId") && call.params.has("GroupName"))
    return refusal("VPCIdNotSpecified", "No default VPC for this user");
  const SecurityGroup& group = *EMU_TRY(named_in(account.security_groups, call.params, "GroupId", kGroup));
  if (group.name == "default")
    return refusal("CannotDelete",
                   fmt::format("the specified group: \"{}\" name: \"{}\" cannot be deleted by a user",
                               group.id, group.name));
  if (group_in_use(account, group.id))
    return refusal("DependencyViolation", fmt::format("resource {} has a dependent object", group.id));
  EMU_TRY(unless_dry_run(call));
  const std::string id = group.id;
  std::erase_if(account.security_group_rules, [&](const auto& entry) { return entry.second.group_id == id; });
  account.security_groups.erase(id);
  return std::move(Xml{}.flag("return", true).text("groupId", id));
}

}  // namespace

bool is_description(std::string_view text) {
  constexpr std::string_view kOthers = ". _-:/()#,@[]+=&;{}!$*";
  return text.size() < 256 && std::all_of(text.begin(), text.end(), [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  kOthers.find(c) != std::string_view::npos;
         });
}

bool group_in_use(const Account& account, const std::string& group_id) {
  for (const auto& [id, rule] : account.security_group_rules)
    if (rule.peer_group == group_id && rule.group_id != group_id) return true;
  for (const auto& [id, interface] : account.interfaces)
    if (std::find(interface.groups.begin(), interface.groups.end(), group_id) != interface.groups.end())
      return true;
  return false;
}

Answer<bool> check_groups(const Account& account, const std::vector<std::string>& groups,
                          const std::string& vpc_id) {
  for (const std::string& id : groups) {
    const SecurityGroup& group = *EMU_TRY(find_in(account.security_groups, id, kGroup));
    if (group.vpc_id != vpc_id)
      return refusal("InvalidParameter",
                     fmt::format("Security group {} and subnet belong to different networks.", id));
  }
  return true;
}

void write_groups(Xml& xml, const Account& account, const std::vector<std::string>& groups) {
  xml.in("groupSet", [&] {
    for (const std::string& id : groups) {
      auto group = account.security_groups.find(id);
      xml.in("item", [&] {
        xml.text("groupId", id);
        if (group != account.security_groups.end()) xml.text("groupName", group->second.name);
      });
    }
  });
}

const XmlOperations& ec2_group_operations() {
  static const XmlOperations kTable = {{"CreateSecurityGroup", create_group},
                                       {"DeleteSecurityGroup", delete_group},
                                       {"DescribeSecurityGroups", describe_groups}};
  return kTable;
}

}  // namespace spillway::emu
