#include <algorithm>

#include "emu/iam_call.h"

// Roles and their inline policies.
namespace spillway::emu {
namespace {

constexpr size_t kInlinePolicies =
    10'240;  // characters of all inline policies of a role, white space left out

Answer<Principal*> find_role(Account& account, const Call& call) {
  const std::string name = EMU_TRY(iam_required(call.params, "RoleName"));
  EMU_TRY(iam_demand(account, call, role_arn(account, name)));
  const auto found = account.roles.find(name);
  if (found == account.roles.end()) return tl::unexpected(no_such("role", name));
  return &found->second;
}

Principal& add_role(Account& account, const std::string& name, const std::string& path, Json trust,
                    Tags tags) {
  Principal& role = account.roles[name];
  role = Principal{name, account.make_id("AROA").substr(0, 20), true, false, {}, std::move(trust)};
  for (char& c : role.unique_id) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  role.path = path;
  role.tags = std::move(tags);
  role.created = account.now();
  return role;
}

Answer<Xml> create_role(Account& account, const Call& call) {
  const std::string name = EMU_TRY(iam_required(call.params, "RoleName"));
  const std::string path = EMU_TRY(iam_path_of(call.params));
  Tags tags = iam_tags(call.params);
  EMU_TRY(iam_demand(account, call,
                     fmt::format("arn:aws:iam::{}:role{}{}", account.settings.account, path, name), tags));
  Json trust = EMU_TRY(policy_document(EMU_TRY(iam_required(call.params, "AssumeRolePolicyDocument"))));
  if (account.roles.contains(name))
    return refusal("EntityAlreadyExists", fmt::format("Role with name {} already exists.", name), 409);
  Xml xml;
  xml.in("Role",
         [&] { write_role(xml, account, add_role(account, name, path, std::move(trust), std::move(tags))); });
  return xml;
}

Answer<Xml> get_role(Account& account, const Call& call) {
  const Principal* role = EMU_TRY(find_role(account, call));
  Xml xml;
  xml.in("Role", [&] { write_role(xml, account, *role); });
  return xml;
}

Answer<Xml> list_roles(Account& account, const Call& call) {
  EMU_TRY(iam_demand(account, call, fmt::format("arn:aws:iam::{}:role/", account.settings.account)));
  Xml xml;
  xml.in("Roles", [&] {
    for (const auto& [name, role] : account.roles)
      if (role.path.starts_with(call.params.get("PathPrefix")))
        xml.in("member", [&, &one = role] { write_role(xml, account, one); });
  });
  xml.flag("IsTruncated", false);
  return xml;
}

Answer<Xml> delete_role(Account& account, const Call& call) {
  const Principal* role = EMU_TRY(find_role(account, call));
  if (!role->policies.empty())
    return refusal("DeleteConflict", "Cannot delete entity, must delete policies first.", 409);
  for (const auto& [name, profile] : account.profiles)
    if (profile.role == role->name)
      return refusal("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.",
                     409);
  account.roles.erase(std::string(role->name));
  return Xml{};
}

Answer<Xml> update_trust(Account& account, const Call& call) {
  Principal* role = EMU_TRY(find_role(account, call));
  role->trust = EMU_TRY(policy_document(EMU_TRY(iam_required(call.params, "PolicyDocument"))));
  return Xml{};
}

Answer<Xml> tag_role(Account& account, const Call& call) {
  Principal* role = EMU_TRY(find_role(account, call));
  for (auto& [key, value] : iam_tags(call.params)) role->tags[key] = value;
  return Xml{};
}

Answer<Xml> untag_role(Account& account, const Call& call) {
  Principal* role = EMU_TRY(find_role(account, call));
  for (const std::string& key : call.params.list("TagKeys.member")) role->tags.erase(key);
  return Xml{};
}

Answer<Xml> list_role_tags(Account& account, const Call& call) {
  const Principal* role = EMU_TRY(find_role(account, call));
  Xml xml;
  write_iam_tags(xml, role->tags);
  xml.flag("IsTruncated", false);
  return xml;
}

// ---- inline policies

std::vector<Policy>::iterator policy_named(Principal& role, const std::string& name) {
  return std::find_if(role.policies.begin(), role.policies.end(),
                      [&](const Policy& p) { return p.name == name; });
}

Answer<Xml> put_policy(Account& account, const Call& call) {
  Principal* role = EMU_TRY(find_role(account, call));
  const std::string name = EMU_TRY(iam_required(call.params, "PolicyName"));
  Json document = EMU_TRY(policy_document(EMU_TRY(iam_required(call.params, "PolicyDocument"))));
  std::vector<Policy> kept = role->policies;
  std::erase_if(kept, [&](const Policy& p) { return p.name == name; });
  kept.push_back({name, std::move(document)});
  size_t size = 0;
  for (const Policy& policy : kept) {
    const std::string text = policy.document.dump();
    size += static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return c != ' '; }));
  }
  if (size > kInlinePolicies)
    return refusal(
        "LimitExceeded",
        fmt::format("Maximum policy size of {} bytes exceeded for role {}", kInlinePolicies, role->name),
        409);
  role->policies = std::move(kept);
  return Xml{};
}

Answer<Xml> get_policy(Account& account, const Call& call) {
  Principal* role = EMU_TRY(find_role(account, call));
  const std::string name = EMU_TRY(iam_required(call.params, "PolicyName"));
  const auto policy = policy_named(*role, name);
  if (policy == role->policies.end()) return tl::unexpected(no_such("role policy", name));
  Xml xml;
  xml.text("RoleName", role->name)
      .text("PolicyName", name)
      .text("PolicyDocument", url_encoded(policy->document.dump()));
  return xml;
}

Answer<Xml> list_policies(Account& account, const Call& call) {
  const Principal* role = EMU_TRY(find_role(account, call));
  Xml xml;
  xml.in("PolicyNames", [&] {
    for (const Policy& policy : role->policies) xml.text("member", policy.name);
  });
  xml.flag("IsTruncated", false);
  return xml;
}

Answer<Xml> list_attached(Account& account, const Call& call) {
  EMU_TRY(find_role(account, call));
  Xml xml;
  xml.in("AttachedPolicies", [] {}).flag("IsTruncated", false);
  return xml;
}

Answer<Xml> delete_policy(Account& account, const Call& call) {
  Principal* role = EMU_TRY(find_role(account, call));
  const std::string name = EMU_TRY(iam_required(call.params, "PolicyName"));
  const auto policy = policy_named(*role, name);
  if (policy == role->policies.end()) return tl::unexpected(no_such("role policy", name));
  role->policies.erase(policy);
  return Xml{};
}

// ---- roles that belong to services

Answer<Xml> create_service_linked_role(Account& account, const Call& call) {
  const std::string service = EMU_TRY(iam_required(call.params, "AWSServiceName"));
  if (service != "spot.amazonaws.com" && service != "spotfleet.amazonaws.com")
    return refusal("InvalidInput", fmt::format("{} is not a service that this account knows", service));
  const std::string name =
      service == "spot.amazonaws.com" ? "AWSServiceRoleForEC2Spot" : "AWSServiceRoleForEC2SpotFleet";
  const std::string path = fmt::format("/aws-service-role/{}/", service);
  EMU_TRY(iam_demand(account, call,
                     fmt::format("arn:aws:iam::{}:role{}{}", account.settings.account, path, name)));
  if (account.roles.contains(name))
    return refusal(
        "InvalidInput",
        fmt::format("Service role name {} has been taken in this account, please try a different suffix.",
                    name));
  Json trust = Json::object(
      {{"Version", "2012-10-17"},
       {"Statement", Json::array({Json::object({{"Effect", "Allow"},
                                                {"Principal", Json::object({{"Service", service}})},
                                                {"Action", "sts:AssumeRole"}})})}});
  Xml xml;
  xml.in("Role", [&] { write_role(xml, account, add_role(account, name, path, std::move(trust), {})); });
  return xml;
}

}  // namespace

const XmlOperations& iam_role_operations() {
  static const XmlOperations kTable = {{"CreateRole", create_role},
                                       {"GetRole", get_role},
                                       {"ListRoles", list_roles},
                                       {"DeleteRole", delete_role},
                                       {"UpdateAssumeRolePolicy", update_trust},
                                       {"TagRole", tag_role},
                                       {"UntagRole", untag_role},
                                       {"ListRoleTags", list_role_tags},
                                       {"PutRolePolicy", put_policy},
                                       {"GetRolePolicy", get_policy},
                                       {"ListRolePolicies", list_policies},
                                       {"ListAttachedRolePolicies", list_attached},
                                       {"DeleteRolePolicy", delete_policy},
                                       {"CreateServiceLinkedRole", create_service_linked_role}};
  return kTable;
}

}  // namespace spillway::emu
