#include "site/provider.h"

// Security groups, and each one's rules as a whole: what is not listed is taken away.
namespace spillway::site {
namespace {

Result<Json> groups(const Session& session) {
  const Json answer =
      TRY(ec2(session, "DescribeSecurityGroups", Json::object({{"Filters", our_filters(session)}})));
  return answer["SecurityGroups"];
}

Result<std::vector<Actual>> find_groups(const Session& session) {
  std::vector<Actual> out;
  const Json all = TRY(groups(session));
  for (const Json& group : all.items())
    out.push_back({tag_in(group["Tags"], "spillway:kind"), "AWS::EC2::SecurityGroup",
                   group["GroupId"].as_string(),
                   Json::object({{"GroupName", group["GroupName"]},
                                 {"GroupDescription", group["Description"]},
                                 {"VpcId", group["VpcId"]}})});
  return out;
}

Result<Actual> create_group(const Session& session, const Resource& wanted) {
  const Json& p = wanted.properties;
  const Json answer = TRY(patiently(session, {"InvalidVpcID.NotFound"}, [&] {
    return ec2(
        session, "CreateSecurityGroup",
        Json::object({{"GroupName", p["GroupName"]},
                      {"Description", p["GroupDescription"]},
                      {"VpcId", p["VpcId"]},
                      {"TagSpecifications", tag_specifications(session, "security-group", wanted.key)}}));
  }));
  return Actual{wanted.key, wanted.type, answer["GroupId"].as_string()};
}

Result<void> remove_group(const Session& session, const Actual& actual) {
  return unless_gone(patiently(session, {"DependencyViolation"}, [&] {
    return ec2(session, "DeleteSecurityGroup", Json::object({{"GroupId", actual.id}}));
  }));
}

Result<Actual> adopt_group(const Session& session, const Resource& wanted) {
  TRY(ec2(session, "DescribeSecurityGroups", Json::object({{"GroupIds", Json::array({wanted.existing})}})));
  return Actual{wanted.key, wanted.type, wanted.existing};
}

// ---- rules. EC2 joins rules of one protocol and port range into one permission with many peers; each peer
// is one of CloudFormation's SecurityGroupIngress.

Json one_rule(const Json& permission, std::string_view from, const Json& whom, const Json& description) {
  Json out = Json::object({{"IpProtocol", permission["IpProtocol"]}});
  if (permission.contains("FromPort")) out.set("FromPort", permission["FromPort"]);
  if (permission.contains("ToPort")) out.set("ToPort", permission["ToPort"]);
  out.set(from, whom);
  if (description.is_string()) out.set("Description", description);
  return out;
}

Json rules_of(const Json& group) {
  Json out = Json::array();
  for (const Json& permission : group["IpPermissions"].items()) {
    for (const Json& range : permission["IpRanges"].items())
      out.push(one_rule(permission, "CidrIp", range["CidrIp"], range["Description"]));
    for (const Json& pair : permission["UserIdGroupPairs"].items())
      out.push(one_rule(permission, "SourceSecurityGroupId", pair["GroupId"], pair["Description"]));
    for (const Json& range : permission["Ipv6Ranges"].items())
      out.push(one_rule(permission, "CidrIpv6", range["CidrIpv6"], range["Description"]));
    for (const Json& prefix : permission["PrefixListIds"].items())
      out.push(one_rule(permission, "SourcePrefixListId", prefix["PrefixListId"], prefix["Description"]));
  }
  return out;
}

Json permission_of(const Json& rule) {
  Json out = Json::object({{"IpProtocol", rule["IpProtocol"]}});
  if (rule.contains("FromPort")) out.set("FromPort", rule["FromPort"]).set("ToPort", rule["ToPort"]);
  const auto peer = [&](std::string_view list, std::string_view name, const Json& value) {
    Json one = Json::object({{std::string(name), value}});
    if (rule.contains("Description")) one.set("Description", rule["Description"]);
    out.set(list, Json::array({std::move(one)}));
  };
  if (rule.contains("CidrIp")) peer("IpRanges", "CidrIp", rule["CidrIp"]);
  if (rule.contains("CidrIpv6")) peer("Ipv6Ranges", "CidrIpv6", rule["CidrIpv6"]);
  if (rule.contains("SourceSecurityGroupId"))
    peer("UserIdGroupPairs", "GroupId", rule["SourceSecurityGroupId"]);
  if (rule.contains("SourcePrefixListId")) peer("PrefixListIds", "PrefixListId", rule["SourcePrefixListId"]);
  return out;
}

Result<std::vector<Actual>> find_rules(const Session& session) {
  std::vector<Actual> out;
  const Json all = TRY(groups(session));
  for (const Json& group : all.items()) {
    Json rules = rules_of(group);
    if (rules.size() == 0) continue;  // not made yet
    out.push_back(
        {tag_in(group["Tags"], "spillway:kind") + "Rules", "Spillway::SecurityGroupRules",
         group["GroupId"].as_string(),
         Json::object({{"GroupId", group["GroupId"]}, {"SecurityGroupIngress", std::move(rules)}})});
  }
  return out;
}

/// The rules of `some` that `others` does not have, as permissions.
Json missing_in(const Json& others, const Json& some) {
  Json out = Json::array();
  for (const Json& rule : some.items()) {
    bool there = false;
    for (const Json& other : others.items()) there = there || (covers(other, rule) && covers(rule, other));
    if (!there) out.push(permission_of(rule));
  }
  return out;
}

Result<Actual> update_rules(const Session& session, const Actual& actual, const Resource& wanted) {
  const std::string group = wanted.properties["GroupId"].as_string();
  const Json &there = actual.properties["SecurityGroupIngress"],
             &want = wanted.properties["SecurityGroupIngress"];
  // Away with the old ones first: EC2 takes a rule with another description for the same one.
  if (Json less = missing_in(want, there); less.size()) {
    const auto revoked = ec2(session, "RevokeSecurityGroupIngress",
                             Json::object({{"GroupId", group}, {"IpPermissions", std::move(less)}}));
    if (!revoked && revoked.error().peer_code != "InvalidPermission.NotFound") return revoked.error();
  }
  if (Json more = missing_in(there, want); more.size())
    TRY(patiently(session, {"InvalidGroup.NotFound"}, [&] {
      return ec2(session, "AuthorizeSecurityGroupIngress",
                 Json::object({{"GroupId", group}, {"IpPermissions", more}}));
    }));
  return Actual{wanted.key, wanted.type, group};
}

Result<Actual> create_rules(const Session& session, const Resource& wanted) {
  return update_rules(session, {wanted.key, wanted.type, ""}, wanted);
}

/// Groups that name each other could not be deleted while their rules stand.
Result<void> remove_rules(const Session& session, const Actual& actual) {
  Json all = missing_in(Json::array(), actual.properties["SecurityGroupIngress"]);
  const auto revoked = ec2(session, "RevokeSecurityGroupIngress",
                           Json::object({{"GroupId", actual.id}, {"IpPermissions", std::move(all)}}));
  if (!revoked && revoked.error().peer_code == "InvalidPermission.NotFound") return {};
  return unless_gone(revoked);
}

}  // namespace

std::vector<Provider> group_providers() {
  return {{"AWS::EC2::SecurityGroup",
           "security group",
           {{"GroupName", "GroupDescription", "VpcId"}},
           find_groups,
           create_group,
           nullptr,
           remove_group,
           adopt_group},
          {"Spillway::SecurityGroupRules",
           "rules",
           {{"GroupId"}},
           find_rules,
           create_rules,
           update_rules,
           remove_rules}};
}

}  // namespace spillway::site
