#include "emu/iam.h"
#include "emu/services.h"

// SSM's parameter store in JSON 1.1: GetParameter, GetParameters, PutParameter and DeleteParameter.

namespace spillway::emu {
namespace {

std::string arn_of(const Account& account, const std::string& name) {
  return fmt::format("arn:aws:ssm:{}:{}:parameter{}{}", account.settings.region, account.settings.account,
                     name.starts_with('/') ? "" : "/", name);
}

Answer<bool> demand(const Account& account, const Call& call, const std::string& name) {
  const std::string resource = arn_of(account, name);
  if (allowed(account, call.who, {"ssm:" + call.operation, resource, {}})) return true;
  return refusal(
      "AccessDeniedException",
      fmt::format("User: {} is not authorized to perform: ssm:{} on resource: {} because no identity-based "
                  "policy allows the ssm:{} action",
                  call.who.arn, call.operation, resource, call.operation));
}

Answer<std::string> name_of(const Call& call) {
  const std::string& name = call.json["Name"].as_string();
  if (!name.empty()) return name;
  return refusal("ValidationException",
                 "1 validation error detected: Value at 'name' failed to satisfy constraint: "
                 "Member must not be null");
}

Json shown(const Account& account, const Parameter& parameter, bool decrypted) {
  const bool hidden = parameter.type == "SecureString" && !decrypted;
  return Json::object(
      {{"ARN", arn_of(account, parameter.name)},
       {"DataType", "text"},
       {"LastModifiedDate", static_cast<double>(parameter.modified.time_since_epoch().count()) / 1e6},
       {"Name", parameter.name},
       {"Type", parameter.type},
       {"Value", hidden ? "kms:encrypted" : parameter.value},
       {"Version", parameter.version}});
}

Answer<Json> get_parameter(Account& account, const Call& call) {
  std::string name = EMU_TRY(name_of(call));
  EMU_TRY(demand(account, call, name));
  auto found = account.parameters.find(name);
  if (found == account.parameters.end()) return refusal("ParameterNotFound", "");
  return Json::object({{"Parameter", shown(account, found->second, call.json["WithDecryption"].as_bool())}});
}

Answer<Json> get_parameters(Account& account, const Call& call) {
  Json there = Json::array(), missing = Json::array();
  if (call.json["Names"].size() < 1 || call.json["Names"].size() > 10)
    return refusal("ValidationException",
                   "1 validation error detected: Value at 'names' failed to satisfy "
                   "constraint: Member must have length between 1 and 10");
  for (const Json& name : call.json["Names"].items()) {
    EMU_TRY(demand(account, call, name.as_string()));
    auto found = account.parameters.find(name.as_string());
    if (found == account.parameters.end())
      missing.push(name);
    else
      there.push(shown(account, found->second, call.json["WithDecryption"].as_bool()));
  }
  return Json::object({{"InvalidParameters", missing}, {"Parameters", there}});
}

Answer<Json> put_parameter(Account& account, const Call& call) {
  std::string name = EMU_TRY(name_of(call));
  EMU_TRY(demand(account, call, name));
  const std::string& value = call.json["Value"].as_string();
  if (value.empty() || value.size() > 4096)
    return refusal("ValidationException",
                   "Standard tier parameters support a maximum parameter value of 4096 "
                   "characters, and at least one.");
  auto found = account.parameters.find(name);
  if (found != account.parameters.end() && !call.json["Overwrite"].as_bool())
    return refusal(
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to "
        "true.");
  const std::string& type = call.json["Type"].as_string();
  if (!type.empty() && type != "String" && type != "StringList" && type != "SecureString")
    return refusal("ValidationException",
                   fmt::format("Value '{}' at 'type' failed to satisfy constraint", type));
  Parameter& kept = account.parameters[name];
  if (found == account.parameters.end()) kept.version = 0;
  kept.name = name;
  kept.type = !type.empty() ? type : kept.type.empty() ? "String" : kept.type;
  kept.value = value;
  ++kept.version;
  kept.modified = account.now();
  return Json::object({{"Tier", "Standard"}, {"Version", kept.version}});
}

Answer<Json> delete_parameter(Account& account, const Call& call) {
  std::string name = EMU_TRY(name_of(call));
  EMU_TRY(demand(account, call, name));
  if (account.parameters.erase(name) == 0) return refusal("ParameterNotFound", "");
  return Json::object();
}

Answer<Json> perform(Account& account, Call& call, const std::string& body) {
  static const JsonOperations kOperations = {{"GetParameter", get_parameter},
                                             {"GetParameters", get_parameters},
                                             {"PutParameter", put_parameter},
                                             {"DeleteParameter", delete_parameter}};
  auto operation = kOperations.find(call.operation);
  if (operation == kOperations.end()) return refusal("UnknownOperationException", "");
  auto json = Json::parse(body);
  if (!json || !json->is_object()) return refusal("SerializationException", "The body is no JSON object");
  call.json = *std::move(json);
  return operation->second(account, call);
}

}  // namespace

net::Response answer_ssm(Account& account, const Arrival& arrival) {
  Call call{"ssm", operation_of(arrival.http, "ssm"),           arrival.request_id, {},
            {},    identity_of(account, *arrival.signature.key)};
  auto answer = perform(account, call, arrival.http.body);
  if (!answer) return refuse("ssm", answer.error(), arrival);
  return {200,
          {{"Content-Type", "application/x-amz-json-1.1"}, {"x-amzn-RequestId", arrival.request_id}},
          answer->dump()};
}

}  // namespace spillway::emu
