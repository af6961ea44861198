#include <algorithm>

#include "base/text.h"
#include "emu/iam_api.h"
#include "emu/params.h"

// Roles: made, shown, changed, tagged and deleted; and the roles that AWS's services bring along.
namespace spillway::emu {
namespace {

constexpr size_t kTrustSize = 2048;  // characters, by IAM's quota
constexpr size_t kNameSize = 64, kDescriptionSize = 1000;
constexpr int64_t kShortestSession = 3600, kLongestSession = 43200;  // seconds

Answer<Json> trust_of(const Account& account, const Call& call, std::string_view parameter) {
  Json trust = EMU_TRY(read_policy(EMU_TRY(iam_required(call, parameter)), PolicyKind::trust));
  if (const std::string name = unknown_principal(account, trust); !name.empty())
    return refusal("MalformedPolicyDocument",
                   fmt::format("Invalid principal in policy: \"AWS\":\"{}\"", name));
  if (trust.dump().size() > kTrustSize)
    return refusal("LimitExceeded", fmt::format("Cannot exceed quota for ACLSizePerRole: {}", kTrustSize),
                   409);
  return trust;
}

/// Description and MaxSessionDuration, where they are given.
Answer<bool> read_settings(const Call& call, Principal& role) {
  if (const std::string* text = call.params.find("Description")) {
    if (text->size() > kDescriptionSize)
      return refusal("ValidationError",
                     "1 validation error detected: Value at 'description' failed to satisfy constraint: "
                     "Member must have length less than or equal to 1000");
    role.description = *text;
  }
  if (!call.params.has("MaxSessionDuration")) return true;
  role.max_session = call.params.number("MaxSessionDuration").value_or(0);
  if (role.max_session >= kShortestSession && role.max_session <= kLongestSession) return true;
  return refusal("ValidationError",
                 fmt::format("1 validation error detected: Value at 'maxSessionDuration' failed to satisfy "
                             "constraint: Member must have value between {} and {}",
                             kShortestSession, kLongestSession));
}

Answer<Principal*> add_role(Account& account, Principal role) {
  const std::string name = role.name;
  for (const auto& [known, unused] : account.roles)  // names differ by more than case
    if (equal_ignoring_case(known, name))
      return refusal("EntityAlreadyExists", fmt::format("Role with name {} already exists.", name), 409);
  role.is_role = true;
  role.unique_id = iam_id(account, "AROA");
  role.created = account.now();
  return &account.roles.emplace(name, std::move(role)).first->second;
}

Answer<Xml> create_role(Account& account, const Call& call) {
  Principal role;
  role.is_role = true;
  role.name = EMU_TRY(iam_name(call, "RoleName", kNameSize));
  role.path = EMU_TRY(iam_path(call));
  role.tags = EMU_TRY(iam_tags(call));
  EMU_TRY(read_settings(call, role));
  const std::string arn = principal_arn(account, role);
  EMU_TRY(iam_demand(account, call, "iam:CreateRole", arn, iam_request_tags(role.tags)));
  if (!role.tags.empty()) EMU_TRY(iam_demand(account, call, "iam:TagRole", arn, iam_request_tags(role.tags)));
  role.trust = EMU_TRY(trust_of(account, call, "AssumeRolePolicyDocument"));
  const Principal* made = EMU_TRY(add_role(account, std::move(role)));
  Xml xml;
  xml.in("Role", [&] {
    write_role(xml, account, *made);
    if (!made->tags.empty()) iam_write_tags(xml, made->tags);
  });
  return xml;
}

Answer<Xml> get_role(Account& account, const Call& call) {
  const Principal* role = EMU_TRY(iam_role(account, call));
  Xml xml;
  xml.in("Role", [&] {
    write_role(xml, account, *role);
    if (!role->tags.empty()) iam_write_tags(xml, role->tags);
    xml.in("RoleLastUsed", [] {});
  });
  return xml;
}

Answer<Xml> list_roles(Account& account, const Call& call) {
  EMU_TRY(iam_demand(account, call, "iam:ListRoles", "*"));
  std::vector<std::string> names;
  for (const auto& [name, role] : account.roles)
    if (role.path.starts_with(call.params.get("PathPrefix"))) names.push_back(name);
  Xml xml;
  EMU_TRY(iam_page(xml, call, "Roles", names, [&](const std::string& name) {
    write_role(xml, account, account.roles.find(name)->second);
  }));
  return xml;
}

Answer<bool> unless_linked(const Principal& role) {
  if (!role.path.starts_with("/aws-service-role/")) return true;
  return refusal("UnmodifiableEntity",
                 fmt::format("Cannot perform the operation on the protected role '{}' - this role is only "
                             "modifiable by AWS",
                             role.name));
}

Answer<Xml> delete_role(Account& account, const Call& call) {
  const Principal* role = EMU_TRY(iam_role(account, call));
  EMU_TRY(unless_linked(*role));
  for (const auto& [name, profile] : account.profiles)
    if (profile.role == role->name)
      return refusal("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.",
                     409);
  if (!role->policies.empty())
    return refusal("DeleteConflict", "Cannot delete entity, must delete policies first.", 409);
  // Its sessions end with it: a later role of the same name is another one.
  std::erase_if(account.keys, [&](const auto& entry) {
    return entry.second.is_role && entry.second.principal == role->name;
  });
  account.roles.erase(account.roles.find(role->name));
  return Xml{};
}

Answer<Xml> update_role(Account& account, const Call& call) {
  Principal* role = EMU_TRY(iam_role(account, call));
  EMU_TRY(unless_linked(*role));
  Principal changed = *role;
  EMU_TRY(read_settings(call, changed));
  *role = std::move(changed);
  return Xml{};
}

Answer<Xml> update_assume_role_policy(Account& account, const Call& call) {
  Principal* role = EMU_TRY(iam_role(account, call));
  EMU_TRY(unless_linked(*role));
  role->trust = EMU_TRY(trust_of(account, call, "PolicyDocument"));
  return Xml{};
}

Answer<Xml> tag_role(Account& account, const Call& call) {
  const std::string name = EMU_TRY(iam_name(call, "RoleName", kNameSize));
  const Tags tags = EMU_TRY(iam_tags(call));
  Principal* role = EMU_TRY(iam_role(account, call));
  EMU_TRY(unless_linked(*role));
  EMU_TRY(iam_add_tags(role->tags, tags));
  return Xml{};
}

Answer<Xml> untag_role(Account& account, const Call& call) {
  Principal* role = EMU_TRY(iam_role(account, call));
  EMU_TRY(unless_linked(*role));
  iam_remove_tags(role->tags, call.params.list("TagKeys.member"));
  return Xml{};
}

Answer<Xml> list_role_tags(Account& account, const Call& call) {
  const Principal* role = EMU_TRY(iam_role(account, call));
  Xml xml;
  iam_write_tags(xml, role->tags);
  xml.flag("IsTruncated", false);
  return xml;
}

Answer<Xml> create_service_linked_role(Account& account, const Call& call) {
  static const std::map<std::string, std::string, std::less<>> kRoles = {
      {"spot.amazonaws.com", "AWSServiceRoleForEC2Spot"},
      {"spotfleet.amazonaws.com", "AWSServiceRoleForEC2SpotFleet"},
      {"ec2fleet.amazonaws.com", "AWSServiceRoleForEC2Fleet"}};
  const std::string service = EMU_TRY(iam_required(call, "AWSServiceName"));
  const auto known = kRoles.find(service);
  Principal role;
  role.is_role = true;
  role.name = known == kRoles.end() ? "*" : known->second;
  role.path = fmt::format("/aws-service-role/{}/", service);
  EMU_TRY(iam_demand(account, call, "iam:CreateServiceLinkedRole", principal_arn(account, role),
                     {{"iam:AWSServiceName", service}}));
  if (known == kRoles.end())
    return refusal("InvalidInput", fmt::format("{} is not known as a service with linked roles", service));
  if (account.roles.contains(role.name))
    return refusal("InvalidInput", fmt::format("Service role name {} has been taken in this account, please "
                                               "try a different suffix.",
                                               role.name));
  role.description = call.params.get("Description");
  role.trust = Json::object(
      {{"Version", "2012-10-17"},
       {"Statement", Json::array({Json::object({{"Effect", "Allow"},
                                                {"Action", Json::array({"sts:AssumeRole"})},
                                                {"Principal", Json::object({{"Service", service}})}})})}});
  const Principal* made = EMU_TRY(add_role(account, std::move(role)));
  Xml xml;
  xml.in("Role", [&] { write_role(xml, account, *made); });
  return xml;
}

}  // namespace

Answer<Principal*> iam_role(Account& account, const Call& call) {
  const std::string name = EMU_TRY(iam_name(call, "RoleName", kNameSize));
  auto found = account.roles.find(name);
  Principal unknown;
  unknown.name = name, unknown.is_role = true;
  Principal& role = found == account.roles.end() ? unknown : found->second;
  Context context = iam_resource_tags(role.tags);
  for (auto& entry : iam_request_tags(EMU_TRY(iam_tags(call)))) context.push_back(std::move(entry));
  for (auto& entry : tag_keys(call.params.list("TagKeys.member"))) context.push_back(std::move(entry));
  EMU_TRY(
      iam_demand(account, call, "iam:" + call.operation, principal_arn(account, role), std::move(context)));
  if (found != account.roles.end()) return &found->second;
  return refusal("NoSuchEntity", fmt::format("The role with name {} cannot be found.", name), 404);
}

void write_role(Xml& xml, const Account& account, const Principal& role) {
  xml.text("Path", role.path).text("RoleName", role.name).text("RoleId", role.unique_id);
  xml.text("Arn", principal_arn(account, role)).text("CreateDate", to_iso8601_seconds(role.created));
  xml.text("AssumeRolePolicyDocument", percent_encoded(role.trust.dump()));
  if (!role.description.empty()) xml.text("Description", role.description);
  xml.number("MaxSessionDuration", role.max_session);
}

const XmlOperations& iam_role_operations() {
  static const XmlOperations kTable = {{"CreateRole", create_role},
                                       {"GetRole", get_role},
                                       {"ListRoles", list_roles},
                                       {"DeleteRole", delete_role},
                                       {"UpdateRole", update_role},
                                       {"UpdateAssumeRolePolicy", update_assume_role_policy},
                                       {"TagRole", tag_role},
                                       {"UntagRole", untag_role},
                                       {"ListRoleTags", list_role_tags},
                                       {"CreateServiceLinkedRole", create_service_linked_role}};
  return kTable;
}

}  // namespace spillway::emu
