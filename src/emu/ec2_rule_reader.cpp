#include <arpa/inet.h>

#include "base/text.h"
#include "emu/cidr.h"
#include "emu/ec2_list.h"

// Reads the permissions of a request into the rules that are kept.
namespace spillway::emu {
namespace {

std::string canonical_protocol(const std::string& given) {
  const std::string name = to_lower(given);
  if (name == "all") return "-1";
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"6", "tcp"}, {"17", "udp"}, {"1", "icmp"}, {"58", "icmpv6"}};
  for (const auto& [number, known] : kNames)
    if (name == number) return std::string(known);
  return name;
}

/// Reads protocol and ports into a rule without a peer.
Answer<SecurityGroupRule> read_protocol(const Params& permission) {
  SecurityGroupRule rule;
  rule.protocol = canonical_protocol(EMU_TRY(required(permission, "IpProtocol")));
  const bool ports = rule.protocol == "tcp" || rule.protocol == "udp";
  const bool icmp = rule.protocol == "icmp" || rule.protocol == "icmpv6";
  const auto number = parse_int(rule.protocol);
  if (!ports && !icmp && (!number || *number < -1 || *number > 255))
    return refusal(
        "InvalidParameterValue",
        fmt::format("Invalid value '{}' for IP protocol. Unknown protocol.", permission.get("IpProtocol")));
  if (!ports && !icmp) return rule;  // others have none, whatever is given
  rule.from = permission.number("FromPort"), rule.to = permission.number("ToPort");
  if (ports && (!rule.from || !rule.to))
    return refusal("InvalidParameterValue",
                   "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.");
  if (ports && (*rule.from < 0 || *rule.to > 65535 || *rule.from > *rule.to))
    return refusal("InvalidParameterValue",
                   fmt::format("Invalid {} port range ({}:{})", rule.protocol, *rule.from, *rule.to));
  if (icmp) rule.from = rule.from.value_or(-1), rule.to = rule.to.value_or(-1);
  return rule;
}

Answer<std::string> read_cidr(const std::string& text) {
  if (auto cidr = Cidr::parse(text)) return cidr->text();
  return refusal("InvalidParameterValue", fmt::format("CIDR block {} is malformed", text));
}

Answer<std::string> read_cidr6(const std::string& text) {
  const size_t slash = text.find('/');
  in6_addr address{};
  auto bits = slash == std::string::npos ? std::nullopt : parse_int(text.substr(slash + 1));
  if (bits && *bits >= 0 && *bits <= 128 && inet_pton(AF_INET6, text.substr(0, slash).c_str(), &address) == 1)
    return text;
  return refusal("InvalidParameterValue", fmt::format("CIDR block {} is malformed", text));
}

struct RuleReader {
  const Account& account;
  const SecurityGroup& group;
  bool egress;

  Answer<std::string> peer_group(const Params& pair) const {
    const std::string id = EMU_TRY(required(pair, "GroupId"));
    const SecurityGroup& peer = *EMU_TRY(find_in(account.security_groups, id, kGroup));
    if (peer.vpc_id == group.vpc_id) return id;
    return refusal("InvalidGroup.NotFound",
                   "You have specified two resources that belong to different networks.");
  }

  Answer<std::string> prefix_list(const Params& entry) const {
    const std::string& id = entry.get("PrefixListId");
    if (id == kS3PrefixList) return id;
    return refusal("InvalidPrefixListId.NotFound", fmt::format("The prefix list ID '{}' does not exist", id));
  }

  Answer<std::vector<SecurityGroupRule>> permission(const Params& given) const {
    SecurityGroupRule base = EMU_TRY(read_protocol(given));
    base.group_id = group.id;
    base.egress = egress;
    std::vector<SecurityGroupRule> out;
    auto add = [&](const Params& peer) -> SecurityGroupRule& {
      out.push_back(base);
      out.back().description = peer.get("Description");
      return out.back();
    };
    for (const Params& peer : given.structures("IpRanges"))
      add(peer).cidr = EMU_TRY(read_cidr(peer.get("CidrIp")));
    for (const Params& peer : given.structures("Ipv6Ranges"))
      add(peer).cidr = EMU_TRY(read_cidr6(peer.get("CidrIpv6")));
    for (const Params& peer : given.structures("Groups")) add(peer).peer_group = EMU_TRY(peer_group(peer));
    for (const Params& peer : given.structures("PrefixListIds"))
      add(peer).prefix_list = EMU_TRY(prefix_list(peer));
    if (out.empty())
      return refusal("InvalidPermission.Malformed",
                     "Missing source specification: include source security group or CIDR information");
    for (const SecurityGroupRule& rule : out)
      if (!is_description(rule.description))
        return refusal("InvalidParameterValue", "Invalid rule description.");
    return out;
  }

  /// All rules of a request; one permission may stand in the parameters themselves.
  Answer<std::vector<SecurityGroupRule>> all(const Params& params) const {
    std::vector<Params> permissions = params.structures("IpPermissions");
    if (params.has("IpProtocol")) {
      Params one = params;
      one.set("IpRanges.1.CidrIp", params.get("CidrIp"));
      permissions.push_back(one);
    }
    if (permissions.empty())
      return refusal("MissingParameter", "The request must contain the parameter ipPermissions");
    std::vector<SecurityGroupRule> rules;
    for (const Params& given : permissions)
      for (SecurityGroupRule& rule : EMU_TRY(permission(given))) rules.push_back(std::move(rule));
    return rules;
  }
};

}  // namespace

Answer<std::vector<SecurityGroupRule>> read_rules(const Account& account, const SecurityGroup& group,
                                                  bool egress, const Params& params) {
  return RuleReader{account, group, egress}.all(params);
}

}  // namespace spillway::emu
