#include "emu/policy.h"

#include <algorithm>

#include "base/text.h"
#include "emu/ec2.h"

namespace spillway::emu {
namespace {

constexpr size_t kArnParts = 6;  // arn:partition:service:region:account:resource

const std::string* in_context(const Context& context, std::string_view key) {
  for (const auto& [name, value] : context)
    if (equal_ignoring_case(name, key)) return &value;
  return nullptr;
}

/// What one ${…} stands for: "NAME" or "NAME, 'default'".
std::string variable_value(std::string_view inside, const Context& context) {
  const size_t comma = inside.find(',');
  if (const std::string* value = in_context(context, trim(inside.substr(0, comma)))) return *value;
  if (comma == std::string_view::npos) return "\1";
  std::string_view other = trim(inside.substr(comma + 1));
  if (other.size() >= 2 && other.front() == '\'' && other.back() == '\'')
    other = other.substr(1, other.size() - 2);
  return std::string(other);
}

bool names_action(const Json& list, const std::string& action) {
  const std::vector<std::string> patterns = policy_strings(list);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return matches_wildcard(to_lower(pattern), to_lower(action));
  });
}

bool names_resource(const Json& list, const Question& question, bool variables) {
  const std::vector<std::string> patterns = policy_strings(list);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return matches_arn(variables ? with_variables(pattern, question.context, true) : pattern,
                       question.resource);
  });
}

/// The first five parts and the rest; fewer where there are fewer colons.
std::vector<std::string_view> arn_parts(std::string_view arn) {
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < kArnParts) {
    const size_t colon = arn.find(':');
    if (colon == std::string_view::npos) break;
    parts.push_back(arn.substr(0, colon));
    arn.remove_prefix(colon + 1);
  }
  parts.push_back(arn);
  return parts;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  return verdict == Verdict::allowed         ? "allowed"
         : verdict == Verdict::explicit_deny ? "explicitDeny"
                                             : "implicitDeny";
}

std::vector<std::string> policy_strings(const Json& value) {
  if (value.is_string()) return {value.as_string()};
  if (value.is_bool() || value.is_number()) return {value.dump()};
  std::vector<std::string> out;
  for (const Json& item : value.items())
    for (std::string& text : policy_strings(item)) out.push_back(std::move(text));
  return out;
}

Json::Array statements_of(const Json& document) {
  const Json& statements = document["Statement"];
  return statements.is_object() ? Json::Array{statements} : statements.items();
}

bool takes_variables(const Json& document) {
  return document["Version"].as_string() == "2012-10-17";
}

std::string with_variables(std::string_view text, const Context& context, bool quoted) {
  std::string out;
  while (!text.empty()) {
    const size_t end = text.starts_with("${") ? text.find('}') : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    const std::string_view inside = text.substr(2, end - 2);
    const bool itself = inside == "*" || inside == "?" || inside == "$";
    for (char c : itself ? std::string(inside) : variable_value(inside, context)) {
      if (quoted && (c == '*' || c == '?' || c == '\\')) out += '\\';
      out += c;
    }
    text.remove_prefix(end + 1);
  }
  return out;
}

bool matches_arn(std::string_view pattern, std::string_view arn) {
  const std::vector<std::string_view> wanted = arn_parts(pattern), actual = arn_parts(arn);
  if (wanted.size() == 1) return matches_wildcard(pattern, arn);  // "*"
  return std::equal(wanted.begin(), wanted.end(), actual.begin(), actual.end(),
                    [](std::string_view w, std::string_view a) { return matches_wildcard(w, a); });
}

bool statement_applies(const Json& statement, const Question& question, bool variables) {
  const bool action = statement.contains("NotAction") ? !names_action(statement["NotAction"], question.action)
                                                      : names_action(statement["Action"], question.action);
  if (!action) return false;
  if (statement.contains("NotResource") && names_resource(statement["NotResource"], question, variables))
    return false;
  if (statement.contains("Resource") && !names_resource(statement["Resource"], question, variables))
    return false;
  // What is not understood must not open a door: it never allows, and always denies.
  const bool denies = statement["Effect"].as_string() == "Deny";
  return conditions_hold(statement["Condition"], question.context, variables, denies);
}

Judgement judge(const std::vector<Policy>& policies, const Question& question) {
  Judgement allowing, denying{Verdict::explicit_deny, {}};
  for (const Policy& policy : policies)
    for (const Json& statement : statements_of(policy.document)) {
      if (!statement_applies(statement, question, takes_variables(policy.document))) continue;
      const bool denies = statement["Effect"].as_string() == "Deny";
      (denies ? denying : allowing).matched.push_back(policy.name);
    }
  if (!denying.matched.empty()) return denying;
  if (!allowing.matched.empty()) allowing.verdict = Verdict::allowed;
  return allowing;
}

}  // namespace spillway::emu
