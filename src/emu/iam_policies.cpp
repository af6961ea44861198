#include <algorithm>

#include "emu/iam_api.h"
#include "emu/params.h"

// Inline policies of roles. This model has no managed policies, so none is ever attached.
namespace spillway::emu {
namespace {

constexpr size_t kInlineSize = 10240;  // characters of all inline policies of a role, by IAM's quota
constexpr size_t kNameSize = 128;

tl::unexpected<ApiError> no_such_policy(const std::string& name) {
  return refusal("NoSuchEntity", fmt::format("The role policy with name {} cannot be found.", name), 404);
}

std::vector<Policy>::iterator find_policy(Principal& role, const std::string& name) {
  return std::find_if(role.policies.begin(), role.policies.end(),
                      [&](const Policy& policy) { return policy.name == name; });
}

Answer<Xml> put_role_policy(Account& account, const Call& call) {
  const std::string name = EMU_TRY(iam_name(call, "PolicyName", kNameSize));
  const std::string text = EMU_TRY(iam_required(call, "PolicyDocument"));
  Principal* role = EMU_TRY(iam_role(account, call));
  Json document = EMU_TRY(read_policy(text, PolicyKind::identity));
  Policy policy{name, std::move(document)};
  size_t size = policy.document.dump().size();  // IAM does not count white space
  for (const Policy& other : role->policies)
    if (other.name != name) size += other.document.dump().size();
  if (size > kInlineSize)
    return refusal(
        "LimitExceeded",
        fmt::format("Maximum policy size of {} bytes exceeded for role {}", kInlineSize, role->name), 409);
  auto there = find_policy(*role, name);
  if (there == role->policies.end())
    role->policies.push_back(std::move(policy));
  else
    *there = std::move(policy);
  return Xml{};
}

Answer<Xml> get_role_policy(Account& account, const Call& call) {
  const std::string name = EMU_TRY(iam_name(call, "PolicyName", kNameSize));
  Principal* role = EMU_TRY(iam_role(account, call));
  auto policy = find_policy(*role, name);
  if (policy == role->policies.end()) return no_such_policy(name);
  return std::move(Xml{}
                       .text("RoleName", role->name)
                       .text("PolicyName", name)
                       .text("PolicyDocument", percent_encoded(policy->document.dump())));
}

Answer<Xml> list_role_policies(Account& account, const Call& call) {
  const Principal* role = EMU_TRY(iam_role(account, call));
  std::vector<std::string> names;
  for (const Policy& policy : role->policies) names.push_back(policy.name);
  std::sort(names.begin(), names.end());
  Xml xml;
  EMU_TRY(iam_page(xml, call, "PolicyNames", names,
                   [&](const std::string& name) { xml.raw(xml_escaped(name)); }));
  return xml;
}

Answer<Xml> delete_role_policy(Account& account, const Call& call) {
  const std::string name = EMU_TRY(iam_name(call, "PolicyName", kNameSize));
  Principal* role = EMU_TRY(iam_role(account, call));
  auto policy = find_policy(*role, name);
  if (policy == role->policies.end()) return no_such_policy(name);
  role->policies.erase(policy);
  return Xml{};
}

Answer<Xml> list_attached_role_policies(Account& account, const Call& call) {
  EMU_TRY(iam_role(account, call));
  Xml xml;
  xml.in("AttachedPolicies", [] {}).flag("IsTruncated", false);
  return xml;
}

}  // namespace

const XmlOperations& iam_policy_operations() {
  static const XmlOperations kTable = {{"PutRolePolicy", put_role_policy},
                                       {"GetRolePolicy", get_role_policy},
                                       {"ListRolePolicies", list_role_policies},
                                       {"DeleteRolePolicy", delete_role_policy},
                                       {"ListAttachedRolePolicies", list_attached_role_policies}};
  return kTable;
}

}  // namespace spillway::emu
