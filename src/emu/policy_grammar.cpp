#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "emu/policy.h"

// What IAM and S3 refuse to store as a policy. Source: IAM User Guide, "Grammar of the IAM JSON policy
// language"; the reasons are worded as the services word them.
namespace spillway::emu {
namespace {

struct Judge {
  PolicyKind kind;

  tl::unexpected<ApiError> bad(std::string reason) const {
    return refusal(kind == PolicyKind::bucket ? "MalformedPolicy" : "MalformedPolicyDocument",
                   std::move(reason));
  }

  Answer<bool> known_members(const Json& object, std::initializer_list<std::string_view> known) const {
    for (const auto& [name, value] : object.members())
      if (std::find(known.begin(), known.end(), name) == known.end())
        return bad(fmt::format("Syntax errors in policy: unknown element {}", name));
    return true;
  }

  /// Of an element and its negation, exactly one.
  Answer<std::string> one_of(const Json& statement, const std::string& name) const {
    const bool plain = statement.contains(name), negated = statement.contains("Not" + name);
    if (plain == negated)
      return bad(plain ? fmt::format("Statement has both {} and Not{}", name, name)
                       : fmt::format("Policy statement must contain {}.", to_lower(name) + "s"));
    return plain ? name : "Not" + name;
  }

  Answer<bool> action(const Json& statement) const {
    const std::string name = EMU_TRY(one_of(statement, "Action"));
    const std::vector<std::string> actions = policy_strings(statement[name]);
    if (actions.empty()) return bad("Policy statement must contain actions.");
    for (const std::string& action : actions)
      if (action != "*" && action.find(':') == std::string::npos)
        return bad("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    return true;
  }

  Answer<bool> resource(const Json& statement) const {
    if (kind == PolicyKind::trust) {
      if (statement.contains("Resource") || statement.contains("NotResource"))
        return bad("Has prohibited field Resource");
      return true;
    }
    const std::string name = EMU_TRY(one_of(statement, "Resource"));
    const std::vector<std::string> resources = policy_strings(statement[name]);
    if (resources.empty()) return bad("Policy statement must contain resources.");
    for (const std::string& resource : resources)
      if (resource != "*" && std::count(resource.begin(), resource.end(), ':') < 5)
        return bad(fmt::format("Resource {} must be in ARN format or \"*\".", resource));
    return true;
  }

  Answer<bool> principal(const Json& statement) const {
    const bool there = statement.contains("Principal") || statement.contains("NotPrincipal");
    if (kind == PolicyKind::identity && there) return bad("Policy document should not specify a principal.");
    if (kind == PolicyKind::identity) return true;
    if (!there)
      return bad(kind == PolicyKind::trust ? "AssumeRole policy must contain principals."
                                           : "Missing required field Principal");
    for (const char* name : {"Principal", "NotPrincipal"}) {
      const Json& given = statement[name];
      if (given.is_string() && given.as_string() != "*") return bad("Invalid principal in policy");
      for (const auto& [type, names] : given.members())
        if ((type != "AWS" && type != "Service" && type != "Federated" && type != "CanonicalUser") ||
            policy_strings(names).empty())
          return bad("Invalid principal in policy");
    }
    return true;
  }

  Answer<bool> condition(const Json& statement) const {
    const Json* block = statement.find("Condition");
    if (!block) return true;
    if (!block->is_object()) return bad("Syntax errors in policy.");
    for (const auto& [name, keys] : block->members()) {
      if (!is_condition_operator(name)) return bad(fmt::format("Invalid Condition type : {}.", name));
      if (!keys.is_object() || keys.size() == 0) return bad("Syntax errors in policy.");
      for (const auto& [key, values] : keys.members())
        if (key.find(':') == std::string::npos)
          return bad(fmt::format("Condition key {} must be prefaced by a vendor.", key));
    }
    return true;
  }

  Answer<bool> statement(const Json& given) const {
    if (!given.is_object()) return bad("Syntax errors in policy.");
    EMU_TRY(known_members(given, {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction",
                                  "Resource", "NotResource", "Condition"}));
    const std::string& effect = given["Effect"].as_string();
    if (effect != "Allow" && effect != "Deny") return bad(fmt::format("Invalid effect: {}", effect));
    EMU_TRY(principal(given));
    EMU_TRY(action(given));
    EMU_TRY(resource(given));
    return condition(given);
  }

  Answer<bool> document(const Json& given) const {
    if (!given.is_object()) return bad("Syntax errors in policy.");
    EMU_TRY(known_members(given, {"Version", "Id", "Statement"}));
    const std::string& version = given["Version"].as_string();
    if (given.contains("Version") && version != "2012-10-17" && version != "2008-10-17")
      return bad(fmt::format("The policy must contain a valid version string, found {}", version));
    const Json::Array statements = statements_of(given);
    if (statements.empty()) return bad("Policy document must have at least one statement.");
    std::set<std::string> sids;
    for (const Json& one : statements) {
      EMU_TRY(statement(one));
      const std::string& sid = one["Sid"].as_string();
      if (!sid.empty() && !sids.insert(sid).second)
        return bad("Statement IDs (SID) in a single policy must be unique.");
      const bool plain = std::all_of(sid.begin(), sid.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      });
      if (kind != PolicyKind::bucket && !plain)
        return bad(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
            "expression [0-9A-Za-z]*");
    }
    return true;
  }
};

}  // namespace

Answer<Json> read_policy(const std::string& text, PolicyKind kind) {
  const Judge judge{kind};
  auto document = Json::parse(text);
  if (!document)
    return judge.bad(kind == PolicyKind::bucket ? "Policies must be valid JSON and the first byte must be '{'"
                                                : "Syntax errors in policy.");
  EMU_TRY(judge.document(*document));
  return *std::move(document);
}

}  // namespace spillway::emu
