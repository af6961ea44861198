#include "emu/iam.h"

#include <algorithm>

#include "base/text.h"

namespace spillway::emu {
namespace {

/// Whether one name under Principal's "AWS" means the caller: nothing, his account, or himself.
enum class Named { no, account, caller };

Named named(const Account& account, const Identity& who, const std::string& name) {
  const std::string& number = account.settings.account;
  if (name.empty()) return Named::no;
  if (name == "*" || name == who.arn || name == who.principal_arn) return Named::caller;
  return name == number || name == fmt::format("arn:aws:iam::{}:root", number) ? Named::account : Named::no;
}

Named named_in(const Account& account, const Identity& who, const Json& principal) {
  if (principal.as_string() == "*") return Named::caller;
  Named best = Named::no;
  for (const std::string& name : policy_strings(principal["AWS"]))
    best = std::max(best, named(account, who, name));
  return best;
}

Question without_tags_twice(Question question) {
  constexpr std::string_view kRequestTag = "aws:RequestTag/";
  Context& context = question.context;
  const bool given = std::any_of(context.begin(), context.end(),
                                 [](const auto& entry) { return entry.first == "aws:TagKeys"; });
  if (given) return question;
  std::vector<std::string> keys;
  for (const auto& [name, value] : context)
    if (name.starts_with(kRequestTag)) keys.push_back(name.substr(kRequestTag.size()));
  for (std::string& key : keys) context.emplace_back("aws:TagKeys", std::move(key));
  return question;
}

/// What the caller's own policies say, an administrator's and a session's counted in.
Verdict judge_own(const Account& account, const Identity& who, const Question& question) {
  const bool whole = who.session_policy.is_null();
  if (who.principal->everything && whole) return Verdict::allowed;
  const Question full = in_full(account, who, question);
  const Verdict own =
      who.principal->everything ? Verdict::allowed : judge(who.principal->policies, full).verdict;
  if (whole || own != Verdict::allowed) return own;
  return judge({{"session", who.session_policy}}, full).verdict;
}

}  // namespace

std::string principal_arn(const Account& account, const Principal& principal) {
  return fmt::format("arn:aws:iam::{}:{}{}{}", account.settings.account, principal.is_role ? "role" : "user",
                     principal.path, principal.name);
}

std::string profile_arn(const Account& account, const InstanceProfile& profile) {
  return fmt::format("arn:aws:iam::{}:instance-profile{}{}", account.settings.account, profile.path,
                     profile.name);
}

Identity identity_of(const Account& account, const AccessKey& key) {
  const auto& principals = key.is_role ? account.roles : account.users;
  Identity who;
  who.key_id = key.id;
  auto found = principals.find(key.principal);
  if (found == principals.end()) return who;
  who.principal = &found->second;
  who.principal_arn = principal_arn(account, found->second);
  who.session_policy = key.session_policy;
  who.user_id = found->second.unique_id + (key.is_role ? ":" + key.session : "");
  who.arn = key.is_role ? fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", account.settings.account,
                                      key.principal, key.session)
                        : who.principal_arn;
  return who;
}

Question in_full(const Account& account, const Identity& who, Question question) {
  question = without_tags_twice(std::move(question));
  const Settings& settings = account.settings;
  const bool iam = question.action.starts_with("iam:");  // one for all regions, it lives in this one
  auto add = [&](const std::string& key, std::string value) {
    for (const auto& [known, unused] : question.context)
      if (equal_ignoring_case(known, key)) return;
    question.context.emplace_back(key, std::move(value));
  };
  add("aws:userid", who.user_id);
  add("aws:PrincipalArn", who.principal_arn.empty() ? who.arn : who.principal_arn);
  add("aws:PrincipalAccount", settings.account);
  add("aws:ResourceAccount", settings.account);
  add("aws:RequestedRegion", iam ? "us-east-1" : settings.region);
  add("aws:SecureTransport", who.secure ? "true" : "false");
  add("aws:CurrentTime", to_iso8601_seconds(account.now()));
  add("aws:EpochTime", std::to_string(account.now().time_since_epoch() / std::chrono::seconds{1}));
  if (!who.source_ip.empty()) add("aws:SourceIp", who.source_ip);
  if (!who.principal) return question;
  if (!who.principal->is_role) add("aws:username", who.principal->name);
  add("aws:PrincipalType", who.principal->is_role ? "AssumedRole" : "User");
  for (const auto& [key, value] : who.principal->tags) add("aws:PrincipalTag/" + key, value);
  const size_t colon = who.user_id.find(":i-");  // an instance's session is named after it
  if (who.principal->is_role && colon != std::string::npos)
    add("ec2:SourceInstanceARN", fmt::format("arn:aws:ec2:{}:{}:instance/{}", settings.region,
                                             settings.account, who.user_id.substr(colon + 1)));
  return question;
}

ResourceVerdict judge_resource_policy(const Account& account, const Identity& who, const Json& document,
                                      const Question& question) {
  ResourceVerdict verdict;
  if (document.is_null()) return verdict;
  const Question full = in_full(account, who, question);
  for (const Json& statement : statements_of(document)) {
    const bool except = statement.contains("NotPrincipal");
    Named match = named_in(account, who, statement[except ? "NotPrincipal" : "Principal"]);
    if (except) match = match == Named::no ? Named::caller : Named::no;
    if (match == Named::no || !statement_applies(statement, full, takes_variables(document))) continue;
    if (statement["Effect"].as_string() == "Deny")
      verdict.denies = true;
    else
      (match == Named::caller ? verdict.allows_caller : verdict.allows_account) = true;
  }
  return verdict;
}

Decision decide(const Account& account, const Identity& who, const Question& question,
                const Json& resource_policy) {
  if (!who.principal) return {false, "because the caller exists no more"};
  const ResourceVerdict theirs = judge_resource_policy(account, who, resource_policy, question);
  const Verdict own = judge_own(account, who, question);
  if (own == Verdict::explicit_deny) return {false, "with an explicit deny in an identity-based policy"};
  if (theirs.denies) return {false, "with an explicit deny in a resource-based policy"};
  // A session policy also narrows what a resource's policy gives to the role.
  const bool narrowed = !who.session_policy.is_null();
  if (own == Verdict::allowed || (theirs.allows_caller && !narrowed)) return {true, ""};
  return {false, fmt::format("because no {} policy allows the {} action",
                             narrowed ? "session" : "identity-based", question.action)};
}

bool allowed(const Account& account, const Identity& who, const Question& question) {
  return decide(account, who, question).may;
}

std::string not_authorized(const Identity& who, const Question& question, const Decision& decision) {
  return fmt::format("User: {} is not authorized to perform: {} on resource: {} {}", who.arn, question.action,
                     question.resource, decision.why);
}

std::string unknown_principal(const Account& account, const Json& document) {
  const std::string prefix = fmt::format("arn:aws:iam::{}:", account.settings.account);
  auto is_in = [&](const auto& principals, const std::string& arn) {
    return std::any_of(principals.begin(), principals.end(),
                       [&](const auto& entry) { return principal_arn(account, entry.second) == arn; });
  };
  for (const Json& statement : statements_of(document))
    for (const char* member : {"Principal", "NotPrincipal"})
      for (const std::string& name : policy_strings(statement[member]["AWS"]))
        if (name.starts_with(prefix) && name != prefix + "root" && !is_in(account.users, name) &&
            !is_in(account.roles, name))
          return name;
  return "";
}

bool trusts_service(const Principal& role, const std::string& service) {
  if (role.trust.is_null()) return true;
  const Question question{"sts:AssumeRole", "*", {}};
  bool trusted = false;
  for (const Json& statement : statements_of(role.trust)) {
    const std::vector<std::string> names = policy_strings(statement["Principal"]["Service"]);
    if (std::find(names.begin(), names.end(), service) == names.end()) continue;
    if (!statement_applies(statement, question, takes_variables(role.trust))) continue;
    if (statement["Effect"].as_string() == "Deny") return false;
    trusted = true;
  }
  return trusted;
}

}  // namespace spillway::emu
