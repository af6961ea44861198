#include "base/text.h"
#include "emu/iam_api.h"

// Instance profiles, each of which holds one role at most.
namespace spillway::emu {
namespace {

constexpr size_t kNameSize = 128;

tl::unexpected<ApiError> no_such_profile(const std::string& name) {
  return refusal("NoSuchEntity", fmt::format("Instance Profile {} cannot be found.", name), 404);
}

/// The profile that InstanceProfileName names, once the caller was found to be allowed the operation on it.
Answer<InstanceProfile*> profile_of(Account& account, const Call& call) {
  const std::string name = EMU_TRY(iam_name(call, "InstanceProfileName", kNameSize));
  auto found = account.profiles.find(name);
  InstanceProfile unknown;
  unknown.name = name;
  InstanceProfile& profile = found == account.profiles.end() ? unknown : found->second;
  Context context = iam_resource_tags(profile.tags);
  for (auto& entry : iam_request_tags(EMU_TRY(iam_tags(call)))) context.push_back(std::move(entry));
  for (auto& entry : tag_keys(call.params.list("TagKeys.member"))) context.push_back(std::move(entry));
  EMU_TRY(
      iam_demand(account, call, "iam:" + call.operation, profile_arn(account, profile), std::move(context)));
  if (found == account.profiles.end()) return no_such_profile(name);
  return &found->second;
}

void write_profile(Xml& xml, const Account& account, const InstanceProfile& profile) {
  xml.text("Path", profile.path).text("InstanceProfileName", profile.name);
  xml.text("InstanceProfileId", profile.id).text("Arn", profile_arn(account, profile));
  xml.text("CreateDate", to_iso8601_seconds(profile.created));
  xml.in("Roles", [&] {
    if (auto role = account.roles.find(profile.role); role != account.roles.end())
      xml.in("member", [&] { write_role(xml, account, role->second); });
  });
}

Answer<Xml> create_instance_profile(Account& account, const Call& call) {
  InstanceProfile made;
  made.name = EMU_TRY(iam_name(call, "InstanceProfileName", kNameSize));
  made.path = EMU_TRY(iam_path(call));
  made.tags = EMU_TRY(iam_tags(call));
  const std::string arn = profile_arn(account, made);
  EMU_TRY(iam_demand(account, call, "iam:CreateInstanceProfile", arn, iam_request_tags(made.tags)));
  if (!made.tags.empty())
    EMU_TRY(iam_demand(account, call, "iam:TagInstanceProfile", arn, iam_request_tags(made.tags)));
  for (const auto& [known, unused] : account.profiles)  // names differ by more than case
    if (equal_ignoring_case(known, made.name))
      return refusal("EntityAlreadyExists", fmt::format("Instance Profile {} already exists.", made.name),
                     409);
  made.id = iam_id(account, "AIPA");
  made.created = account.now();
  Xml xml;
  xml.in("InstanceProfile", [&] {
    write_profile(xml, account, made);
    if (!made.tags.empty()) iam_write_tags(xml, made.tags);
  });
  account.profiles.emplace(made.name, std::move(made));
  return xml;
}

Answer<Xml> get_instance_profile(Account& account, const Call& call) {
  const InstanceProfile* profile = EMU_TRY(profile_of(account, call));
  Xml xml;
  xml.in("InstanceProfile", [&] {
    write_profile(xml, account, *profile);
    if (!profile->tags.empty()) iam_write_tags(xml, profile->tags);
  });
  return xml;
}

Answer<Xml> write_list(Account& account, const Call& call, const std::vector<std::string>& names) {
  Xml xml;
  EMU_TRY(iam_page(xml, call, "InstanceProfiles", names, [&](const std::string& name) {
    write_profile(xml, account, account.profiles.find(name)->second);
  }));
  return xml;
}

Answer<Xml> list_instance_profiles(Account& account, const Call& call) {
  EMU_TRY(iam_demand(account, call, "iam:ListInstanceProfiles", "*"));
  std::vector<std::string> names;
  for (const auto& [name, profile] : account.profiles)
    if (profile.path.starts_with(call.params.get("PathPrefix"))) names.push_back(name);
  return write_list(account, call, names);
}

Answer<Xml> list_instance_profiles_for_role(Account& account, const Call& call) {
  const Principal* role = EMU_TRY(iam_role(account, call));
  std::vector<std::string> names;
  for (const auto& [name, profile] : account.profiles)
    if (profile.role == role->name) names.push_back(name);
  return write_list(account, call, names);
}

Answer<Xml> list_instance_profile_tags(Account& account, const Call& call) {
  const InstanceProfile* profile = EMU_TRY(profile_of(account, call));
  Xml xml;
  iam_write_tags(xml, profile->tags);
  xml.flag("IsTruncated", false);
  return xml;
}

Answer<Xml> add_role_to_instance_profile(Account& account, const Call& call) {
  const std::string name = EMU_TRY(iam_name(call, "RoleName", 64));
  InstanceProfile* profile = EMU_TRY(profile_of(account, call));
  auto role = account.roles.find(name);
  Principal unknown;
  unknown.name = name, unknown.is_role = true;
  // Whoever gives instances a role must be allowed to pass it.
  EMU_TRY(iam_demand(account, call, "iam:PassRole",
                     principal_arn(account, role == account.roles.end() ? unknown : role->second),
                     {{"iam:PassedToService", "ec2.amazonaws.com"}}));
  if (role == account.roles.end())
    return refusal("NoSuchEntity", fmt::format("The role with name {} cannot be found.", name), 404);
  if (!profile->role.empty())
    return refusal("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", 409);
  profile->role = name;
  return Xml{};
}

Answer<Xml> remove_role_from_instance_profile(Account& account, const Call& call) {
  const std::string name = EMU_TRY(iam_name(call, "RoleName", 64));
  InstanceProfile* profile = EMU_TRY(profile_of(account, call));
  if (profile->role != name)
    return refusal("NoSuchEntity", fmt::format("The role with name {} cannot be found.", name), 404);
  profile->role.clear();
  return Xml{};
}

Answer<Xml> delete_instance_profile(Account& account, const Call& call) {
  const InstanceProfile* profile = EMU_TRY(profile_of(account, call));
  if (!profile->role.empty())
    return refusal("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.",
                   409);
  account.profiles.erase(account.profiles.find(profile->name));
  return Xml{};
}

Answer<Xml> tag_instance_profile(Account& account, const Call& call) {
  const Tags tags = EMU_TRY(iam_tags(call));
  InstanceProfile* profile = EMU_TRY(profile_of(account, call));
  EMU_TRY(iam_add_tags(profile->tags, tags));
  return Xml{};
}

Answer<Xml> untag_instance_profile(Account& account, const Call& call) {
  InstanceProfile* profile = EMU_TRY(profile_of(account, call));
  iam_remove_tags(profile->tags, call.params.list("TagKeys.member"));
  return Xml{};
}

}  // namespace

const XmlOperations& iam_profile_operations() {
  static const XmlOperations kTable = {{"CreateInstanceProfile", create_instance_profile},
                                       {"GetInstanceProfile", get_instance_profile},
                                       {"ListInstanceProfiles", list_instance_profiles},
                                       {"ListInstanceProfilesForRole", list_instance_profiles_for_role},
                                       {"ListInstanceProfileTags", list_instance_profile_tags},
                                       {"AddRoleToInstanceProfile", add_role_to_instance_profile},
                                       {"RemoveRoleFromInstanceProfile", remove_role_from_instance_profile},
                                       {"DeleteInstanceProfile", delete_instance_profile},
                                       {"TagInstanceProfile", tag_instance_profile},
                                       {"UntagInstanceProfile", untag_instance_profile}};
  return kTable;
}

}  // namespace spillway::emu
