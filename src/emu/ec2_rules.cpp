#include "emu/ec2_list.h"

// The rules of security groups. A call brings permissions, each of them a protocol and ports with any number
// of peers; kept is one rule for each peer, as EC2 has done since 2021.
namespace spillway::emu {
namespace {

constexpr size_t kRulesEach = 60;  // EC2's quota for one direction of a group

std::string peer_of(const SecurityGroupRule& rule) {
  return rule.cidr + rule.peer_group + rule.prefix_list;
}

void write_rule(Xml& xml, const Account& account, const SecurityGroupRule& rule) {
  xml.text("securityGroupRuleId", rule.id).text("groupId", rule.group_id);
  xml.text("groupOwnerId", account.settings.account).flag("isEgress", rule.egress);
  xml.text("ipProtocol", rule.protocol).number("fromPort", rule.from.value_or(-1));
  xml.number("toPort", rule.to.value_or(-1));
  if (!rule.cidr.empty())
    xml.text(rule.cidr.find(':') == std::string::npos ? "cidrIpv4" : "cidrIpv6", rule.cidr);
  if (!rule.prefix_list.empty()) xml.text("prefixListId", rule.prefix_list);
  if (!rule.peer_group.empty())
    xml.in("referencedGroupInfo",
           [&] { xml.text("groupId", rule.peer_group).text("userId", account.settings.account); });
  if (!rule.description.empty()) xml.text("description", rule.description);
}

Answer<Xml> authorize(Account& account, const Call& call, bool egress) {
  const SecurityGroup& group = *EMU_TRY(named_in(account.security_groups, call.params, "GroupId", kGroup));
  std::vector<SecurityGroupRule> rules = EMU_TRY(read_rules(account, group, egress, call.params));
  const Tags tags = EMU_TRY(read_tags_for(call.params, "security-group-rule"));
  size_t known = 0;
  auto check_new = [&](const SecurityGroupRule& rule, const SecurityGroupRule& other) -> Answer<bool> {
    if (!rule.same_as(other)) return true;
    return refusal(
        "InvalidPermission.Duplicate",
        fmt::format("the specified rule \"peer: {}, {}, from port: {}, to port: {}, ALLOW\" already "
                    "exists",
                    peer_of(rule), rule.protocol == "-1" ? "ALL" : rule.protocol, rule.from.value_or(-1),
                    rule.to.value_or(-1)));
  };
  for (const auto& [id, other] : account.security_group_rules) {
    known += other.group_id == group.id && other.egress == egress;
    for (const SecurityGroupRule& rule : rules) EMU_TRY(check_new(rule, other));
  }
  for (size_t i = 0; i < rules.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (rules[i].same_as(rules[j]))
        return refusal("InvalidParameterValue", "The same permission must not appear multiple times");
  if (known + rules.size() > kRulesEach)
    return refusal("RulesPerSecurityGroupLimitExceeded",
                   "The maximum number of rules per security group has been reached.");
  EMU_TRY(unless_dry_run(call));
  Xml xml;
  xml.flag("return", true).in("securityGroupRuleSet", [&] {
    for (SecurityGroupRule& rule : rules) {
      rule.id = account.make_id("sgr-");
      rule.tags = tags;
      xml.in("item", [&] {
        write_rule(xml, account, rule);
        write_tags(xml, rule.tags);
      });
      account.security_group_rules.emplace(rule.id, rule);
    }
  });
  return xml;
}

Answer<Values> ids_to_revoke(const Account& account, const SecurityGroup& group, const Params& params,
                             bool egress) {
  Values ids = params.list("SecurityGroupRuleId");
  for (const std::string& id : ids) {
    const SecurityGroupRule& rule = *EMU_TRY(find_in(account.security_group_rules, id, kRule));
    if (rule.group_id != group.id || rule.egress != egress) return not_found(kRule, id);
  }
  if (!ids.empty()) return ids;
  for (const SecurityGroupRule& rule : EMU_TRY(read_rules(account, group, egress, params))) {
    const size_t before = ids.size();
    for (const auto& [id, known] : account.security_group_rules)
      if (known.same_as(rule)) ids.push_back(id);
    if (ids.size() == before)
      return refusal("InvalidPermission.NotFound",
                     "The specified rule does not exist in this security group.");
  }
  return ids;
}

Answer<Xml> revoke(Account& account, const Call& call, bool egress) {
  const SecurityGroup& group = *EMU_TRY(named_in(account.security_groups, call.params, "GroupId", kGroup));
  const Values ids = EMU_TRY(ids_to_revoke(account, group, call.params, egress));
  EMU_TRY(unless_dry_run(call));
  for (const std::string& id : ids) account.security_group_rules.erase(id);
  return done();
}

std::optional<Values> rule_values(const Account&, const SecurityGroupRule& rule, std::string_view name) {
  if (name == "security-group-rule-id") return Values{rule.id};
  if (name == "group-id") return Values{rule.group_id};
  return std::nullopt;
}

Answer<Xml> describe_rules(Account& account, const Call& call) {
  return list<SecurityGroupRule>(
      account, call, account.security_group_rules,
      {"SecurityGroupRuleId", "securityGroupRuleSet", kRule, rule_values, write_rule});
}

}  // namespace

void write_permissions(Xml& xml, const Account& account, const std::string& group_id, bool egress) {
  using Ports = std::tuple<std::string, std::optional<int64_t>, std::optional<int64_t>>;
  std::map<Ports, std::vector<const SecurityGroupRule*>> by_ports;
  for (const auto& [id, rule] : account.security_group_rules)
    if (rule.group_id == group_id && rule.egress == egress)
      by_ports[{rule.protocol, rule.from, rule.to}].push_back(&rule);
  auto item = [&](const SecurityGroupRule& rule, auto&& body) {
    xml.in("item", [&] {
      body();
      if (!rule.description.empty()) xml.text("description", rule.description);
    });
  };
  for (const auto& [ports, rules] : by_ports)
    xml.in("item", [&, &members = rules] {
      const SecurityGroupRule& first = *members.front();
      xml.text("ipProtocol", first.protocol);
      if (first.from) xml.number("fromPort", *first.from);
      if (first.to) xml.number("toPort", *first.to);
      auto peers = [&](std::string_view set, std::string_view name, auto&& value_of) {
        xml.in(set, [&] {
          for (const SecurityGroupRule* rule : members)
            if (std::string value = value_of(*rule); !value.empty())
              item(*rule, [&] {
                if (set == "groups") xml.text("userId", account.settings.account);
                xml.text(name, value);
              });
        });
      };
      const auto is6 = [](const SecurityGroupRule& r) { return r.cidr.find(':') != std::string::npos; };
      peers("groups", "groupId", [](const SecurityGroupRule& r) { return r.peer_group; });
      peers("ipRanges", "cidrIp", [&](const SecurityGroupRule& r) { return is6(r) ? "" : r.cidr; });
      peers("ipv6Ranges", "cidrIpv6", [&](const SecurityGroupRule& r) { return is6(r) ? r.cidr : ""; });
      peers("prefixListIds", "prefixListId", [](const SecurityGroupRule& r) { return r.prefix_list; });
    });
}

const XmlOperations& ec2_rule_operations() {
  static const XmlOperations kTable = {
      {"AuthorizeSecurityGroupIngress", [](Account& a, const Call& c) { return authorize(a, c, false); }},
      {"AuthorizeSecurityGroupEgress", [](Account& a, const Call& c) { return authorize(a, c, true); }},
      {"RevokeSecurityGroupIngress", [](Account& a, const Call& c) { return revoke(a, c, false); }},
      {"RevokeSecurityGroupEgress", [](Account& a, const Call& c) { return revoke(a, c, true); }},
      {"DescribeSecurityGroupRules", describe_rules}};
  return kTable;
}

}  // namespace spillway::emu
