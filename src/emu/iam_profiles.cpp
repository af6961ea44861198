#include "emu/iam_call.h"

// Instance profiles: what gives an instance its role.
namespace spillway::emu {
namespace {

std::string profile_arn(const Account& account, const std::string& path, const std::string& name) {
  return fmt::format("arn:aws:iam::{}:instance-profile{}{}", account.settings.account, path, name);
}

void write_profile(Xml& xml, const Account& account, const InstanceProfile& profile) {
  xml.text("Path", profile.path)
      .text("InstanceProfileName", profile.name)
      .text("InstanceProfileId", profile.id);
  xml.text("Arn", profile_arn(account, profile.path, profile.name))
      .text("CreateDate", to_iso8601_seconds(profile.created));
  xml.in("Roles", [&] {
    const auto role = account.roles.find(profile.role);
    if (role != account.roles.end()) xml.in("member", [&] { write_role(xml, account, role->second); });
  });
  if (!profile.tags.empty()) write_iam_tags(xml, profile.tags);
}

Answer<InstanceProfile*> find_profile(Account& account, const Call& call) {
  const std::string name = EMU_TRY(iam_required(call.params, "InstanceProfileName"));
  const auto found = account.profiles.find(name);
  EMU_TRY(iam_demand(account, call,
                     profile_arn(account, found == account.profiles.end() ? "/" : found->second.path, name)));
  if (found == account.profiles.end())
    return refusal("NoSuchEntity", fmt::format("Instance Profile {} cannot be found.", name), 404);
  return &found->second;
}

Answer<Xml> create_profile(Account& account, const Call& call) {
  InstanceProfile made;
  made.name = EMU_TRY(iam_required(call.params, "InstanceProfileName"));
  made.path = EMU_TRY(iam_path_of(call.params));
  made.tags = iam_tags(call.params);
  EMU_TRY(iam_demand(account, call, profile_arn(account, made.path, made.name), made.tags));
  if (account.profiles.contains(made.name))
    return refusal("EntityAlreadyExists", fmt::format("Instance Profile {} already exists.", made.name), 409);
  made.id = account.make_id("AIPA").substr(0, 20);
  made.created = account.now();
  Xml xml;
  xml.in("InstanceProfile", [&] { write_profile(xml, account, made); });
  account.profiles[made.name] = std::move(made);
  return xml;
}

Answer<Xml> get_profile(Account& account, const Call& call) {
  const InstanceProfile* profile = EMU_TRY(find_profile(account, call));
  Xml xml;
  xml.in("InstanceProfile", [&] { write_profile(xml, account, *profile); });
  return xml;
}

Xml list(const Account& account, const std::string& path, const std::string* role) {
  Xml xml;
  xml.in("InstanceProfiles", [&] {
    for (const auto& [name, profile] : account.profiles)
      if (profile.path.starts_with(path) && (!role || profile.role == *role))
        xml.in("member", [&, &one = profile] { write_profile(xml, account, one); });
  });
  xml.flag("IsTruncated", false);
  return xml;
}

Answer<Xml> list_profiles(Account& account, const Call& call) {
  EMU_TRY(iam_demand(account, call, profile_arn(account, "/", "")));
  return list(account, call.params.get("PathPrefix"), nullptr);
}

Answer<Xml> list_for_role(Account& account, const Call& call) {
  const std::string role = EMU_TRY(iam_required(call.params, "RoleName"));
  EMU_TRY(iam_demand(account, call, role_arn(account, role)));
  if (!account.roles.contains(role)) return tl::unexpected(no_such("role", role));
  return list(account, "", &role);
}

Answer<Xml> list_tags(Account& account, const Call& call) {
  const InstanceProfile* profile = EMU_TRY(find_profile(account, call));
  Xml xml;
  write_iam_tags(xml, profile->tags);
  xml.flag("IsTruncated", false);
  return xml;
}

Answer<Xml> tag_profile(Account& account, const Call& call) {
  InstanceProfile* profile = EMU_TRY(find_profile(account, call));
  for (auto& [key, value] : iam_tags(call.params)) profile->tags[key] = value;
  return Xml{};
}

Answer<Xml> add_role(Account& account, const Call& call) {
  InstanceProfile* profile = EMU_TRY(find_profile(account, call));
  const std::string role = EMU_TRY(iam_required(call.params, "RoleName"));
  if (!account.roles.contains(role)) return tl::unexpected(no_such("role", role));
  if (!allowed(account, call.who, {"iam:PassRole", role_arn(account, role), {}}))
    return refusal("AccessDenied",
                   fmt::format("User: {} is not authorized to perform: iam:PassRole on resource: {}",
                               call.who.arn, role_arn(account, role)),
                   403);
  if (!profile->role.empty())
    return refusal("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", 409);
  profile->role = role;
  return Xml{};
}

Answer<Xml> remove_role(Account& account, const Call& call) {
  InstanceProfile* profile = EMU_TRY(find_profile(account, call));
  const std::string role = EMU_TRY(iam_required(call.params, "RoleName"));
  if (profile->role != role) return tl::unexpected(no_such("role", role));
  profile->role.clear();
  return Xml{};
}

Answer<Xml> delete_profile(Account& account, const Call& call) {
  const InstanceProfile* profile = EMU_TRY(find_profile(account, call));
  if (!profile->role.empty())
    return refusal("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.",
                   409);
  account.profiles.erase(std::string(profile->name));
  return Xml{};
}

}  // namespace

const XmlOperations& iam_profile_operations() {
  static const XmlOperations kTable = {
      {"CreateInstanceProfile", create_profile}, {"GetInstanceProfile", get_profile},
      {"ListInstanceProfiles", list_profiles},   {"ListInstanceProfilesForRole", list_for_role},
      {"ListInstanceProfileTags", list_tags},    {"TagInstanceProfile", tag_profile},
      {"AddRoleToInstanceProfile", add_role},    {"RemoveRoleFromInstanceProfile", remove_role},
      {"DeleteInstanceProfile", delete_profile}};
  return kTable;
}

}  // namespace spillway::emu
