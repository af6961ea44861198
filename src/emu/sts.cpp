#include <algorithm>

#include "emu/iam.h"
#include "emu/imds.h"
#include "emu/services.h"

// STS in the query protocol: GetCallerIdentity and AssumeRole.
namespace spillway::emu {
namespace {

Answer<Xml> get_caller_identity(Account& account, const Call& call) {
  return std::move(Xml{}
                       .text("Arn", call.who.arn)
                       .text("UserId", call.who.user_id)
                       .text("Account", account.settings.account));
}

Answer<std::string> parameter(const Call& call, std::string_view name) {
  const std::string& value = call.params.get(name);
  if (!value.empty()) return value;
  return refusal("ValidationError",
                 fmt::format("1 validation error detected: Value null at '{}' failed to satisfy "
                             "constraint: Member must not be null",
                             name));
}

/// Whether the role's trust policy and the caller's own policies let him become the role. One who is trusted
/// by name needs no policy of his own; where the account is trusted, he does. A role without a trust policy
/// in the seed trusts its account.
bool may_assume(const Account& account, const Principal& role, const Call& call, const std::string& arn) {
  Question question{"sts:AssumeRole", arn, {{"sts:RoleSessionName", call.params.get("RoleSessionName")}}};
  if (const std::string* id = call.params.find("ExternalId"))
    question.context.emplace_back("sts:ExternalId", *id);
  for (const auto& [key, value] : role.tags) question.context.emplace_back("aws:ResourceTag/" + key, value);
  const ResourceVerdict theirs = judge_resource_policy(account, call.who, role.trust, question);
  const bool trusted = role.trust.is_null() || theirs.allows_caller || theirs.allows_account;
  return trusted && decide(account, call.who, question, role.trust).may;
}

Answer<std::chrono::seconds> duration_of(const Call& call, const Principal& role) {
  const int64_t seconds = call.params.number("DurationSeconds").value_or(3600);
  if (seconds < 900 || seconds > 43200)
    return refusal("ValidationError",
                   "1 validation error detected: Value at 'durationSeconds' failed to satisfy "
                   "constraint: between 900 and 43200");
  if (seconds > role.max_session)
    return refusal("ValidationError",
                   "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  if (call.who.principal && call.who.principal->is_role && seconds > 3600)
    return refusal("ValidationError",
                   "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
                   "chaining.");
  return std::chrono::seconds{seconds};
}

/// The parameter Policy; null without one.
Answer<Json> session_policy_of(const Call& call) {
  const std::string* text = call.params.find("Policy");
  if (!text || text->empty()) return Json();
  if (text->size() > 2048)
    return refusal("ValidationError",
                   "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must "
                   "have length less than or equal to 2048");
  return read_policy(*text, PolicyKind::identity);
}

Answer<Xml> assume_role(Account& account, const Call& call) {
  const std::string arn = EMU_TRY(parameter(call, "RoleArn")),
                    session = EMU_TRY(parameter(call, "RoleSessionName"));
  auto role = std::find_if(account.roles.begin(), account.roles.end(),
                           [&](const auto& entry) { return principal_arn(account, entry.second) == arn; });
  const Json session_policy = EMU_TRY(session_policy_of(call));
  if (role == account.roles.end() || !may_assume(account, role->second, call, arn))
    return refusal("AccessDenied",
                   fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                               call.who.arn, arn),
                   403);
  const std::chrono::seconds life = EMU_TRY(duration_of(call, role->second));
  AccessKey& key = account.keys[issue_key(account, role->first, session, life).id];
  key.session_policy = session_policy;
  Identity assumed = identity_of(account, key);
  Xml xml;
  xml.in("AssumedRoleUser", [&] { xml.text("AssumedRoleId", assumed.user_id).text("Arn", assumed.arn); });
  xml.in("Credentials", [&] {
    xml.text("AccessKeyId", key.id).text("SecretAccessKey", key.secret).text("SessionToken", key.token);
    xml.text("Expiration", to_iso8601_seconds(*key.expires));
  });
  return xml;
}

}  // namespace

net::Response answer_sts(Account& account, const Arrival& arrival) {
  static const XmlOperations kOperations = {{"GetCallerIdentity", get_caller_identity},
                                            {"AssumeRole", assume_role}};
  Call call = query_call(account, "sts", arrival);
  auto operation = kOperations.find(call.operation);
  if (operation == kOperations.end())
    return refuse(
        "sts",
        {"InvalidAction", fmt::format("Could not find operation {} for version 2011-06-15", call.operation)},
        arrival);
  auto answer = operation->second(account, call);
  if (!answer) return refuse("sts", answer.error(), arrival);
  Xml xml;
  xml.raw("<").raw(call.operation).raw("Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">");
  xml.in(call.operation + "Result", [&] { xml.raw(answer->str()); });
  xml.in("ResponseMetadata", [&] { xml.text("RequestId", arrival.request_id); });
  xml.raw("</").raw(call.operation).raw("Response>");
  return {200, {{"Content-Type", "text/xml"}, {"x-amzn-RequestId", arrival.request_id}}, xml.str()};
}

}  // namespace spillway::emu
