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

const std::string* in_context(const Context& context, std::string_view key) {
  for (const auto& [name, value] : context)
    if (equal_ignoring_case(name, key)) return &value;
  return nullptr;
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
    const std::string* value = in_context(context, pattern.substr(2, end - 2));
    for (char c : value ? *value : std::string("\1")) {  // an unknown variable matches nothing
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

/// Nothing: a test that this model does not know.
std::optional<bool> condition_holds(std::string test, const std::vector<std::string>& wanted,
                                    const std::string* actual, const Context& context) {
  constexpr std::string_view kIfExists = "IfExists";
  const bool if_exists = test.ends_with(kIfExists);
  if (if_exists) test.resize(test.size() - kIfExists.size());
  if (test != "StringEquals" && test != "StringNotEquals" && test != "StringLike" && test != "Bool")
    return std::nullopt;
  if (!actual) return if_exists || test == "StringNotEquals";
  auto any = [&](auto&& matches) { return std::any_of(wanted.begin(), wanted.end(), matches); };
  if (test == "StringEquals" || test == "Bool")
    return any([&](const std::string& w) { return w == *actual; });
  if (test == "StringNotEquals") return !any([&](const std::string& w) { return w == *actual; });
  return any([&](const std::string& w) { return matches_wildcard(expanded(w, context), *actual); });
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

bool allowed(const Account& account, const Identity& who, const Question& question) {
  if (!who.principal) return false;
  if (who.principal->everything) return true;
  Context context = question.context;
  context.emplace_back("aws:userid", who.user_id);
  if (!who.principal->is_role) context.emplace_back("aws:username", who.principal->name);
  context.emplace_back("aws:PrincipalArn", who.arn);
  context.emplace_back("aws:PrincipalAccount", account.settings.account);
  context.emplace_back("aws:RequestedRegion", account.settings.region);
  bool may = false;
  for (const Policy& policy : who.principal->policies) {
    const Json& statements = policy.document["Statement"];
    std::vector<Json> one = statements.is_object() ? std::vector{statements} : statements.items();
    for (const Json& statement : one) {
      if (!applies(statement, question, context)) continue;
      if (statement["Effect"].as_string() == "Deny") return false;
      may = true;
    }
  }
  return may;
}

}  // namespace spillway::emu
