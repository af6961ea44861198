#include "emu/iam.h"

#include <algorithm>

#include "base/text.h"
#include "emu/ec2.h"

namespace spillway::emu {
namespace {

using Context = std::vector<std::pair<std::string, std::string>>;

std::vector<std::string> strings_of(const Json& value) {  // IAM takes one string where it takes a list
  if (value.is_string()) return {value.as_string()};
  std::vector<std::string> out;
  for (const Json& item : value.items()) out.push_back(item.as_string());
  return out;
}

/// All values of a key: most have one, aws:TagKeys one for each tag.
std::vector<std::string> in_context(const Context& context, std::string_view key) {
  std::vector<std::string> out;
  for (const auto& [name, value] : context)
    if (equal_ignoring_case(name, key)) out.push_back(value);
  return out;
}

/// Puts in what ${…} stands for, quoted so that a * inside it means itself.
std::string expanded(std::string_view pattern, const Context& context) {
  std::string out;
  while (!pattern.empty()) {
    size_t end = pattern.starts_with("${") ? pattern.find('}') : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += pattern.front();
      pattern.remove_prefix(1);
      continue;
    }
    const std::vector<std::string> values = in_context(context, pattern.substr(2, end - 2));
    for (char c :
         values.empty() ? std::string("\1") : values.front()) {  // an unknown variable matches nothing
      if (c == '*' || c == '?' || c == '\\') out += '\\';
      out += c;
    }
    pattern.remove_prefix(end + 1);
  }
  return out;
}

bool names_action(const Json& list, const std::string& action) {
  std::vector<std::string> patterns = strings_of(list);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return matches_wildcard(to_lower(pattern), to_lower(action));
  });
}

bool names_resource(const Json& list, const Question& question, const Context& context) {
  std::vector<std::string> patterns = strings_of(list);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return matches_wildcard(expanded(pattern, context), question.resource);
  });
}

/// Takes `word` off the end, or the front, of a test's name.
bool take_suffix(std::string& test, std::string_view word) {
  const bool there = test.ends_with(word);
  if (there) test.resize(test.size() - word.size());
  return there;
}
bool take_prefix(std::string& test, std::string_view word) {
  const bool there = test.starts_with(word);
  if (there) test.erase(0, word.size());
  return there;
}

/// Nothing: a test that this model does not know. A negated test holds when no wanted value matches, and when
/// the key is not there.
std::optional<bool> condition_holds(std::string test, const std::vector<std::string>& wanted,
                                    const std::vector<std::string>& actual, const Context& context) {
  if (test == "Null") {
    const bool absent = actual.empty();
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const std::string& w) { return absent == (to_lower(w) == "true"); });
  }
  const bool for_all = take_prefix(test, "ForAllValues:"), for_any = take_prefix(test, "ForAnyValue:");
  const bool if_exists = take_suffix(test, "IfExists");
  const bool negated = test.find("Not") != std::string::npos;
  if (negated) test.erase(test.find("Not"), 3);
  const bool patterns = test == "StringLike" || test == "ArnLike" || test == "ArnEquals";
  if (!patterns && test != "StringEquals" && test != "Bool") return std::nullopt;
  if (actual.empty()) return if_exists || for_all || (negated && !for_any);
  const auto one = [&](const std::string& value) {
    const bool found = std::any_of(wanted.begin(), wanted.end(), [&](const std::string& w) {
      const bool by_pattern = patterns || w.find("${") != std::string::npos;
      return by_pattern ? matches_wildcard(expanded(w, context), value) : w == value;
    });
    return found != negated;
  };
  return for_all ? std::all_of(actual.begin(), actual.end(), one)
                 : std::any_of(actual.begin(), actual.end(), one);
}

/// `unknown` is what a test holds for that the model does not know.
bool conditions_hold(const Json& conditions, const Context& context, bool unknown) {
  for (const auto& [test, keys] : conditions.members())
    for (const auto& [key, wanted] : keys.members())
      if (!condition_holds(test, strings_of(wanted), in_context(context, key), context).value_or(unknown))
        return false;
  return true;
}

bool applies(const Json& statement, const Question& question, const Context& context) {
  bool action = statement.contains("NotAction") ? !names_action(statement["NotAction"], question.action)
                                                : names_action(statement["Action"], question.action);
  bool resource = statement.contains("NotResource")
                      ? !names_resource(statement["NotResource"], question, context)
                      : names_resource(statement["Resource"], question, context);
  // What is not understood must not open a door: it never allows, and always denies.
  const bool denies = statement["Effect"].as_string() == "Deny";
  return action && resource && conditions_hold(statement["Condition"], context, denies);
}

}  // namespace

Identity identity_of(const Account& account, const AccessKey& key) {
  const auto& principals = key.is_role ? account.roles : account.users;
  Identity who;
  who.key_id = key.id;
  auto found = principals.find(key.principal);
  if (found == principals.end()) return who;
  who.principal = &found->second;
  const std::string& number = account.settings.account;
  who.user_id = found->second.unique_id + (key.is_role ? ":" + key.session : "");
  who.arn = key.is_role
                ? fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", number, key.principal, key.session)
                : fmt::format("arn:aws:iam::{}:user/{}", number, key.principal);
  return who;
}

std::string role_arn(const Account& account, const std::string& name) {
  const auto role = account.roles.find(name);
  return fmt::format("arn:aws:iam::{}:role{}{}", account.settings.account,
                     role == account.roles.end() ? "/" : role->second.path, name);
}

Verdict judge(const std::vector<Json>& documents, const Question& question) {
  Verdict out = Verdict::implicit_deny;
  for (const Json& document : documents) {
    const Json& statements = document["Statement"];
    for (const Json& statement : statements.is_object() ? std::vector{statements} : statements.items()) {
      if (!applies(statement, question, question.context)) continue;
      if (statement["Effect"].as_string() == "Deny") return Verdict::explicit_deny;
      out = Verdict::allow;
    }
  }
  return out;
}

bool allowed(const Account& account, const Identity& who, const Question& question) {
  if (!who.principal) return false;
  if (who.principal->everything) return true;
  Question asked = question;
  asked.context.emplace_back("aws:userid", who.user_id);
  if (!who.principal->is_role) asked.context.emplace_back("aws:username", who.principal->name);
  asked.context.emplace_back("aws:PrincipalArn", who.arn);
  asked.context.emplace_back("aws:PrincipalAccount", account.settings.account);
  asked.context.emplace_back("aws:RequestedRegion", account.settings.region);
  std::vector<Json> documents;
  for (const Policy& policy : who.principal->policies) documents.push_back(policy.document);
  return judge(documents, asked) == Verdict::allow;
}

}  // namespace spillway::emu
