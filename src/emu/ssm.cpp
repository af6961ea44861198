#include "emu/iam.h"
#include "emu/services.h"

// SSM's parameter store in JSON 1.1.

namespace spillway::emu {
namespace {

std::string arn_of(const Account& account, const std::string& name) {
  return fmt::format("arn:aws:ssm:{}:{}:parameter{}{}", account.settings.region, account.settings.account,
                     name.starts_with('/') ? "" : "/", name);
}

Answer<bool> demand(const Account& account, const Call& call, const std::string& name) {
  const std::string resource = name == "*" ? name : arn_of(account, name);
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

/// AWS's public parameters of images: here, the newest image of that name.
std::optional<Parameter> public_parameter(const Account& account, const std::string& name) {
  if (name != "/aws/service/debian/release/12/latest/amd64") return std::nullopt;
  const Image* newest = nullptr;
  for (const auto& [id, image] : account.images)
    if (image.name.starts_with("debian-12") && (!newest || image.name > newest->name)) newest = &image;
  if (!newest) return std::nullopt;
  return Parameter{name, "String", newest->id, 1, account.now()};
}

Answer<Json> get_parameter(Account& account, const Call& call) {
  std::string name = EMU_TRY(name_of(call));
  EMU_TRY(demand(account, call, name));
  auto found = account.parameters.find(name);
  if (found == account.parameters.end()) {
    if (const auto open = public_parameter(account, name))
      return Json::object({{"Parameter", shown(account, *open, false)}});
    return refusal("ParameterNotFound", "");
  }
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
  if (found != account.parameters.end() && call.json["Tags"].size() > 0)
    return refusal("ValidationException", "Invalid request: tags and overwrite can't be used together.");
  Parameter& kept = account.parameters[name];
  if (found == account.parameters.end())
    for (const Json& tag : call.json["Tags"].items())
      kept.tags[tag["Key"].as_string()] = tag["Value"].as_string();
  if (call.json.contains("Description")) kept.description = call.json["Description"].as_string();
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

Answer<Json> delete_parameters(Account& account, const Call& call) {
  Json gone = Json::array(), missing = Json::array();
  for (const Json& name : call.json["Names"].items()) {
    EMU_TRY(demand(account, call, name.as_string()));
    (account.parameters.erase(name.as_string()) ? gone : missing).push(name);
  }
  return Json::object({{"DeletedParameters", gone}, {"InvalidParameters", missing}});
}

bool in_path(const std::string& name, std::string path, bool recursive) {
  if (!path.ends_with('/')) path += '/';
  return name.starts_with(path) && (recursive || name.find('/', path.size()) == std::string::npos);
}

Answer<Json> parameters_by_path(Account& account, const Call& call) {
  const std::string& path = call.json["Path"].as_string();
  EMU_TRY(demand(account, call, path));
  Json out = Json::array();
  for (const auto& [name, parameter] : account.parameters)
    if (in_path(name, path, call.json["Recursive"].as_bool()))
      out.push(shown(account, parameter, call.json["WithDecryption"].as_bool()));
  return Json::object({{"Parameters", std::move(out)}});
}

/// ParameterFilters: Name and Type by Equals or BeginsWith, tag:KEY by Equals.
bool passes(const Parameter& parameter, const Json& filters) {
  for (const Json& filter : filters.items()) {
    const std::string& key = filter["Key"].as_string();
    const auto tag = parameter.tags.find(key.starts_with("tag:") ? key.substr(4) : "");
    const std::string value = key == "Name"                 ? parameter.name
                              : key == "Type"               ? parameter.type
                              : tag != parameter.tags.end() ? tag->second
                                                            : "";
    bool found = key.starts_with("tag:") && filter["Values"].size() == 0 && tag != parameter.tags.end();
    for (const Json& wanted : filter["Values"].items())
      found = found || (filter["Option"].as_string() == "BeginsWith" ? value.starts_with(wanted.as_string())
                                                                     : value == wanted.as_string());
    if (!found) return false;
  }
  return true;
}

Answer<Json> describe_parameters(Account& account, const Call& call) {
  EMU_TRY(demand(account, call, "*"));
  const size_t most =
      call.json.contains("MaxResults") ? static_cast<size_t>(call.json["MaxResults"].as_int()) : 50;
  const std::string& after = call.json["NextToken"].as_string();
  Json out = Json::array(), next;
  std::string last;
  for (auto it = after.empty() ? account.parameters.begin() : account.parameters.upper_bound(after);
       it != account.parameters.end(); ++it) {
    if (!passes(it->second, call.json["ParameterFilters"])) continue;
    if (out.size() == most) {
      next = last;
      break;
    }
    Json one = shown(account, it->second, false);
    one.erase("Value");
    out.push(std::move(one));
    last = it->first;
  }
  Json answer = Json::object({{"Parameters", std::move(out)}});
  if (!next.is_null()) answer.set("NextToken", next);
  return answer;
}

Answer<Parameter*> tagged(Account& account, const Call& call) {
  const std::string& name = call.json["ResourceId"].as_string();
  EMU_TRY(demand(account, call, name));
  const auto found = account.parameters.find(name);
  if (call.json["ResourceType"].as_string() != "Parameter" || found == account.parameters.end())
    return refusal("InvalidResourceId", "");
  return &found->second;
}

Answer<Json> add_tags(Account& account, const Call& call) {
  Parameter* parameter = EMU_TRY(tagged(account, call));
  for (const Json& tag : call.json["Tags"].items())
    parameter->tags[tag["Key"].as_string()] = tag["Value"].as_string();
  return Json::object();
}

Answer<Json> remove_tags(Account& account, const Call& call) {
  Parameter* parameter = EMU_TRY(tagged(account, call));
  for (const Json& key : call.json["TagKeys"].items()) parameter->tags.erase(key.as_string());
  return Json::object();
}

Answer<Json> list_tags(Account& account, const Call& call) {
  const Parameter* parameter = EMU_TRY(tagged(account, call));
  Json out = Json::array();
  for (const auto& [key, value] : parameter->tags) out.push(Json::object({{"Key", key}, {"Value", value}}));
  return Json::object({{"TagList", std::move(out)}});
}

Answer<Json> perform(Account& account, Call& call, const std::string& body) {
  static const JsonOperations kOperations = {{"GetParameter", get_parameter},
                                             {"GetParameters", get_parameters},
                                             {"PutParameter", put_parameter},
                                             {"DeleteParameter", delete_parameter},
                                             {"DeleteParameters", delete_parameters},
                                             {"GetParametersByPath", parameters_by_path},
                                             {"DescribeParameters", describe_parameters},
                                             {"AddTagsToResource", add_tags},
                                             {"RemoveTagsFromResource", remove_tags},
                                             {"ListTagsForResource", list_tags}};
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
