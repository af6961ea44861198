#include "aws/encode.h"
#include "site/codes.h"
#include "site/provider.h"

// Roles with their inline policies, instance profiles, and EC2 Spot's service-linked role. All of ours lie
// under one path, by which IAM lists them.
namespace spillway::site {
namespace {

Result<Json> iam(const Session& session, std::string_view operation, Json input) {
  return session.aws.call("iam", operation, std::move(input), session.deadline);
}

Result<Json> document(const Json& encoded) {
  return Json::parse(aws::percent_decode(encoded.as_string()));
}

Result<Actual> role_of(const Session& session, const std::string& name) {
  const Json answer = TRY(iam(session, "GetRole", Json::object({{"RoleName", name}})));
  const Json& role = answer["Role"];
  Json policies = Json::array();
  const Json names = TRY(iam(session, "ListRolePolicies", Json::object({{"RoleName", name}})));
  for (const Json& policy : names["PolicyNames"].items()) {
    const Json found =
        TRY(iam(session, "GetRolePolicy", Json::object({{"RoleName", name}, {"PolicyName", policy}})));
    policies.push(
        Json::object({{"PolicyName", policy}, {"PolicyDocument", TRY(document(found["PolicyDocument"]))}}));
  }
  return Actual{tag_in(role["Tags"], "spillway:kind"), "AWS::IAM::Role", name,
                Json::object({{"RoleName", name},
                              {"Path", role["Path"]},
                              {"AssumeRolePolicyDocument", TRY(document(role["AssumeRolePolicyDocument"]))},
                              {"Policies", std::move(policies)}}),
                Json::object({{"Arn", role["Arn"]}, {"RoleId", role["RoleId"]}})};
}

Result<std::vector<Actual>> find_roles(const Session& session) {
  const Json answer = TRY(session.aws.call_all(
      "iam", "ListRoles", Json::object({{"PathPrefix", iam_path(session.in.cluster)}}), session.deadline));
  std::vector<Actual> out;
  for (const Json& role : answer["Roles"].items())
    out.push_back(TRY(role_of(session, role["RoleName"].as_string())));
  return out;
}

Result<void> put_policies(const Session& session, const std::string& role, const Json& there,
                          const Json& wanted) {
  for (const Json& policy : wanted.items())
    TRY(iam(session, "PutRolePolicy",
            Json::object({{"RoleName", role},
                          {"PolicyName", policy["PolicyName"]},
                          {"PolicyDocument", policy["PolicyDocument"].dump()}})));
  for (const Json& policy : there.items()) {
    bool kept = false;
    for (const Json& each : wanted.items()) kept = kept || each["PolicyName"] == policy["PolicyName"];
    if (!kept)
      TRY(unless_gone(iam(session, "DeleteRolePolicy",
                          Json::object({{"RoleName", role}, {"PolicyName", policy["PolicyName"]}}))));
  }
  return {};
}

Result<Actual> create_role(const Session& session, const Resource& wanted) {
  const Json& p = wanted.properties;
  auto made = iam(session, "CreateRole",
                  Json::object({{"RoleName", p["RoleName"]},
                                {"Path", p["Path"]},
                                {"AssumeRolePolicyDocument", p["AssumeRolePolicyDocument"].dump()},
                                {"Tags", tag_list(session, wanted.key)}}));
  if (!made && made.error().peer_code == "EntityAlreadyExists")
    return Error{Kind::conflict, kForeignName, fmt::format("the role {} exists", p["RoleName"].as_string())};
  const Json role = TRY(std::move(made))["Role"];
  TRY(put_policies(session, p["RoleName"].as_string(), Json::array(), p["Policies"]));
  return Actual{wanted.key, wanted.type, p["RoleName"].as_string(), p,
                Json::object({{"Arn", role["Arn"]}, {"RoleId", role["RoleId"]}})};
}

Result<Actual> update_role(const Session& session, const Actual& actual, const Resource& wanted) {
  const Json& p = wanted.properties;
  if (!covers(actual.properties["AssumeRolePolicyDocument"], p["AssumeRolePolicyDocument"]))
    TRY(iam(
        session, "UpdateAssumeRolePolicy",
        Json::object({{"RoleName", actual.id}, {"PolicyDocument", p["AssumeRolePolicyDocument"].dump()}})));
  TRY(put_policies(session, actual.id, actual.properties["Policies"], p["Policies"]));
  return actual;
}

Result<void> remove_role(const Session& session, const Actual& actual) {
  for (const Json& policy : actual.properties["Policies"].items())
    TRY(unless_gone(iam(session, "DeleteRolePolicy",
                        Json::object({{"RoleName", actual.id}, {"PolicyName", policy["PolicyName"]}}))));
  return unless_gone(patiently(session, {"DeleteConflict"}, [&] {
    return iam(session, "DeleteRole", Json::object({{"RoleName", actual.id}}));
  }));
}

Result<Actual> adopt_role(const Session& session, const Resource& wanted) {
  const Json answer = TRY(iam(session, "GetRole", Json::object({{"RoleName", wanted.existing}})));
  return Actual{wanted.key, wanted.type, wanted.existing, Json::object(),
                Json::object({{"Arn", answer["Role"]["Arn"]}, {"RoleId", answer["Role"]["RoleId"]}})};
}

// ---- instance profiles

Result<std::vector<Actual>> find_profiles(const Session& session) {
  const Json answer = TRY(session.aws.call_all("iam", "ListInstanceProfiles",
                                               Json::object({{"PathPrefix", iam_path(session.in.cluster)}}),
                                               session.deadline));
  std::vector<Actual> out;
  for (const Json& profile : answer["InstanceProfiles"].items()) {
    const std::string name = profile["InstanceProfileName"].as_string();
    const Json one = TRY(iam(session, "GetInstanceProfile", Json::object({{"InstanceProfileName", name}})));
    Json roles = Json::array();
    for (const Json& role : profile["Roles"].items()) roles.push(role["RoleName"]);
    out.push_back(
        {tag_in(one["InstanceProfile"]["Tags"], "spillway:kind"), "AWS::IAM::InstanceProfile", name,
         Json::object(
             {{"InstanceProfileName", name}, {"Path", profile["Path"]}, {"Roles", std::move(roles)}}),
         Json::object({{"Arn", profile["Arn"]}})});
  }
  return out;
}

Result<Actual> update_profile(const Session& session, const Actual& actual, const Resource& wanted) {
  for (const Json& role : actual.properties["Roles"].items())  // a profile holds one role at most
    if (role != wanted.properties["Roles"].at(0))
      TRY(unless_gone(iam(session, "RemoveRoleFromInstanceProfile",
                          Json::object({{"InstanceProfileName", actual.id}, {"RoleName", role}}))));
  TRY(patiently(session, {"NoSuchEntity"}, [&] {
    return iam(
        session, "AddRoleToInstanceProfile",
        Json::object({{"InstanceProfileName", actual.id}, {"RoleName", wanted.properties["Roles"].at(0)}}));
  }));
  return actual;
}

Result<Actual> create_profile(const Session& session, const Resource& wanted) {
  const Json& p = wanted.properties;
  auto made = iam(session, "CreateInstanceProfile",
                  Json::object({{"InstanceProfileName", p["InstanceProfileName"]},
                                {"Path", p["Path"]},
                                {"Tags", tag_list(session, wanted.key)}}));
  if (!made && made.error().peer_code == "EntityAlreadyExists")
    return Error{Kind::conflict, kForeignName,
                 fmt::format("the instance profile {} exists", p["InstanceProfileName"].as_string())};
  const Json answer = TRY(std::move(made));
  return update_profile(session,
                        {wanted.key, wanted.type, p["InstanceProfileName"].as_string(), Json::object(),
                         Json::object({{"Arn", answer["InstanceProfile"]["Arn"]}})},
                        wanted);
}

Result<void> remove_profile(const Session& session, const Actual& actual) {
  for (const Json& role : actual.properties["Roles"].items())
    TRY(unless_gone(iam(session, "RemoveRoleFromInstanceProfile",
                        Json::object({{"InstanceProfileName", actual.id}, {"RoleName", role}}))));
  return unless_gone(
      iam(session, "DeleteInstanceProfile", Json::object({{"InstanceProfileName", actual.id}})));
}

Result<Actual> adopt_profile(const Session& session, const Resource& wanted) {
  TRY(iam(session, "GetInstanceProfile", Json::object({{"InstanceProfileName", wanted.existing}})));
  return Actual{wanted.key, wanted.type, wanted.existing};
}

// ---- EC2 Spot's own role: it belongs to the account, so it is made when it is missing and never removed.

constexpr const char* kSpotRole = "AWSServiceRoleForEC2Spot";

Result<std::vector<Actual>> find_spot_role(const Session& session) {
  auto found = iam(session, "GetRole", Json::object({{"RoleName", kSpotRole}}));
  if (!found && found.error().kind == Kind::not_found) return std::vector<Actual>{};
  TRY(std::move(found));
  return std::vector<Actual>{{"SpotServiceRole", "AWS::IAM::ServiceLinkedRole", kSpotRole,
                              Json::object({{"AWSServiceName", "spot.amazonaws.com"}})}};
}

Result<Actual> create_spot_role(const Session& session, const Resource& wanted) {
  auto made = iam(session, "CreateServiceLinkedRole",
                  Json::object({{"AWSServiceName", wanted.properties["AWSServiceName"]}}));
  if (!made && made.error().peer_code != "InvalidInput") return made.error();  // it is there already
  return Actual{wanted.key, wanted.type, kSpotRole};
}

Result<void> keep_spot_role(const Session&, const Actual&) {
  return {};
}

}  // namespace

std::vector<Provider> iam_providers() {
  return {{"AWS::IAM::Role",
           "role",
           {{"RoleName", "Path"}},
           find_roles,
           create_role,
           update_role,
           remove_role,
           adopt_role},
          {"AWS::IAM::InstanceProfile",
           "instance profile",
           {{"InstanceProfileName", "Path"}},
           find_profiles,
           create_profile,
           update_profile,
           remove_profile,
           adopt_profile},
          {"AWS::IAM::ServiceLinkedRole",
           "service-linked role",
           {},
           find_spot_role,
           create_spot_role,
           nullptr,
           keep_spot_role}};
}

}  // namespace spillway::site
