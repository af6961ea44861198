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

/// Whether a statement's Principal names the caller, his account, or everybody.
bool names_caller(const Account& account, const Json& statement, const Identity& who) {
  const Json& principal = statement["Principal"];
  if (principal.as_string() == "*") return true;
  const Json& aws = principal["AWS"];
  std::vector<Json> names = aws.is_string() ? std::vector{aws} : aws.items();
  const std::string root = fmt::format("arn:aws:iam::{}:root", account.settings.account);
  return std::any_of(names.begin(), names.end(), [&](const Json& name) {
    const std::string& text = name.as_string();
    return text == "*" || text == root || text == account.settings.account || text == who.arn;
  });
}

/// A role without a trust policy in the seed trusts its account.
bool trusts(const Account& account, const Principal& role, const Identity& who) {
  if (role.trust.is_null()) return true;
  const auto& statements = role.trust["Statement"].items();
  return std::any_of(statements.begin(), statements.end(), [&](const Json& statement) {
    return statement["Effect"].as_string() == "Allow" && names_caller(account, statement, who);
  });
}

Answer<Xml> assume_role(Account& account, const Call& call) {
  std::string arn = EMU_TRY(parameter(call, "RoleArn")),
              session = EMU_TRY(parameter(call, "RoleSessionName"));
  int64_t seconds = call.params.number("DurationSeconds").value_or(3600);
  if (seconds < 900 || seconds > 43200)
    return refusal("ValidationError",
                   "1 validation error detected: Value at 'durationSeconds' failed to satisfy "
                   "constraint: between 900 and 43200");
  const std::string prefix = fmt::format("arn:aws:iam::{}:role/", account.settings.account);
  auto role = account.roles.find(arn.starts_with(prefix) ? arn.substr(arn.rfind('/') + 1) : "");
  const bool may = role != account.roles.end() && trusts(account, role->second, call.who) &&
                   allowed(account, call.who, {"sts:AssumeRole", arn, {}});
  if (!may)
    return refusal("AccessDenied",
                   fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                               call.who.arn, arn),
                   403);
  const AccessKey& key = issue_key(account, role->first, session, std::chrono::seconds{seconds});
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
