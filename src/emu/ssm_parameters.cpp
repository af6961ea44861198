#include <algorithm>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/ssm.h"

// One parameter, or several by their names: read, written and deleted.
namespace spillway::emu {
namespace {

constexpr size_t kStandardSize = 4096, kMostNames = 10, kMostLevels = 15;

tl::unexpected<ApiError> invalid(std::string message) {
  return refusal("ValidationException", std::move(message));
}

Answer<std::string> name_of(const Call& call) {
  const std::string& name = call.json["Name"].as_string();
  if (!name.empty()) return name;
  return invalid(
      "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null");
}

Answer<std::vector<std::string>> names_of(const Call& call) {
  std::vector<std::string> names;
  for (const Json& name : call.json["Names"].items()) names.push_back(name.as_string());
  if (!names.empty() && names.size() <= kMostNames) return names;
  return invalid(
      "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length "
      "between 1 and 10");
}

/// What a new parameter may be called.
Answer<bool> check_name(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_.-/").find(c) != std::string_view::npos;
  });
  if (!plain)
    return invalid(
        "Parameter name must be a fully qualified name: only a-z, A-Z, 0-9, _, ., - and / are allowed");
  if (name.find('/') != std::string::npos && !name.starts_with('/'))
    return invalid("Parameter name must be a fully qualified name.");
  const std::string lower = to_lower(name.starts_with('/') ? name.substr(1) : name);
  if (lower.starts_with("aws"))
    return refusal("AccessDeniedException", fmt::format("No access to reserved parameter name: {}.", name));
  if (lower.starts_with("ssm"))
    return invalid("Parameter name: can't be prefixed with \"ssm\" (case-insensitive).");
  if (static_cast<size_t>(std::count(name.begin(), name.end(), '/')) > kMostLevels)
    return refusal("HierarchyLevelLimitExceededException", "A hierarchy can have at most 15 levels.");
  return true;
}

std::optional<Parameter> find_parameter(const Account& account, const std::string& name) {
  if (name.starts_with(kPublicParameters)) return public_parameter(account, name);
  auto found = account.parameters.find(name);
  return found == account.parameters.end() ? std::nullopt : std::optional(found->second);
}

/// Type, value and size of a PutParameter, against what is there.
Answer<bool> check_content(const Call& call, bool there) {
  const std::string &value = call.json["Value"].as_string(), &type = call.json["Type"].as_string();
  if (value.empty() || value.size() > kStandardSize)
    return invalid(
        "Standard tier parameters support a maximum parameter value of 4096 characters, and at least one.");
  if (type.empty() && !there) return invalid("A parameter type is required when you create a parameter.");
  if (!type.empty() && type != "String" && type != "StringList" && type != "SecureString")
    return invalid(fmt::format("Value '{}' at 'type' failed to satisfy constraint", type));
  return true;
}

}  // namespace

Json shown_parameter(const Account& account, const Parameter& parameter, bool decrypted) {
  const bool hidden = parameter.type == "SecureString" && !decrypted;
  // KMS would give other bytes each time; that they tell nothing is what matters.
  const std::string cipher = "AQICAH" + to_base64(sha256(parameter.name + "\n" + parameter.value));
  const bool image = parameter.name.starts_with(kPublicParameters);
  return Json::object(
      {{"ARN", parameter_arn(account, parameter.name)},
       {"DataType", image ? "aws:ec2:image" : "text"},
       {"LastModifiedDate", static_cast<double>(parameter.modified.time_since_epoch().count()) / 1e6},
       {"Name", parameter.name},
       {"Type", parameter.type},
       {"Value", hidden ? cipher : parameter.value},
       {"Version", parameter.version}});
}

std::optional<Parameter> public_parameter(const Account& account, const std::string& name) {
  // /aws/service/debian/release/12/latest/amd64: the image whose name begins with "debian-12-"
  const std::vector<std::string_view> parts = split(name, '/');
  if (parts.size() != 8 || parts[3] != "debian" || parts[4] != "release" || parts[6] != "latest")
    return std::nullopt;
  const std::string_view architecture = parts[7] == "amd64" ? "x86_64" : parts[7];
  const std::string prefix = fmt::format("debian-{}-", parts[5]);
  const Image* newest = nullptr;  // names end with the date of their build
  for (const auto& [id, image] : account.images)
    if (image.name.starts_with(prefix) && image.architecture == architecture &&
        (!newest || image.name > newest->name))
      newest = &image;
  if (!newest) return std::nullopt;
  Parameter made;
  made.name = name, made.type = "String", made.value = newest->id;
  return made;
}

Answer<Json> ssm_get_parameter(Account& account, const Call& call) {
  const std::string name = EMU_TRY(name_of(call));
  EMU_TRY(ssm_demand(account, call, "GetParameter", name));
  const auto found = find_parameter(account, name);
  if (!found) return refusal("ParameterNotFound", "");
  return Json::object(
      {{"Parameter", shown_parameter(account, *found, call.json["WithDecryption"].as_bool())}});
}

Answer<Json> ssm_get_parameters(Account& account, const Call& call) {
  Json there = Json::array(), missing = Json::array();
  for (const std::string& name : EMU_TRY(names_of(call))) {
    EMU_TRY(ssm_demand(account, call, "GetParameters", name));
    if (const auto found = find_parameter(account, name))
      there.push(shown_parameter(account, *found, call.json["WithDecryption"].as_bool()));
    else
      missing.push(name);
  }
  return Json::object({{"InvalidParameters", missing}, {"Parameters", there}});
}

Answer<Json> ssm_put_parameter(Account& account, const Call& call) {
  const std::string name = EMU_TRY(name_of(call));
  const Tags tags = EMU_TRY(ssm_tags(call.json["Tags"]));
  const bool overwrite = call.json["Overwrite"].as_bool();
  Context context{{"ssm:Overwrite", overwrite ? "true" : "false"}};
  for (const auto& [key, value] : tags) context.emplace_back("aws:RequestTag/" + key, value);
  EMU_TRY(ssm_demand(account, call, "PutParameter", name, context));
  if (!tags.empty()) EMU_TRY(ssm_demand(account, call, "AddTagsToResource", name, context));
  if (!tags.empty() && overwrite)
    return invalid(
        "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please "
        "remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or "
        "RemoveTagsFromResource.");
  EMU_TRY(check_name(name));
  auto found = account.parameters.find(name);
  const bool there = found != account.parameters.end();
  if (there && !overwrite)
    return refusal("ParameterAlreadyExists",
                   "The parameter already exists. To overwrite this value, set the overwrite option in the "
                   "request to true.");
  EMU_TRY(check_content(call, there));
  Parameter& kept = account.parameters[name];
  kept.version = there ? kept.version + 1 : 1;
  kept.name = name;
  if (call.json.contains("Type")) kept.type = call.json["Type"].as_string();
  if (!there) kept.tags = tags;
  if (call.json.contains("Description")) kept.description = call.json["Description"].as_string();
  const std::string& key = call.json["KeyId"].as_string();
  kept.key_id = kept.type == "SecureString" ? key.empty() ? "alias/aws/ssm" : key : "";
  kept.value = call.json["Value"].as_string();
  kept.modified = account.now();
  kept.modified_by = call.who.arn;
  return Json::object({{"Tier", "Standard"}, {"Version", kept.version}});
}

Answer<Json> ssm_delete_parameter(Account& account, const Call& call) {
  const std::string name = EMU_TRY(name_of(call));
  EMU_TRY(ssm_demand(account, call, "DeleteParameter", name));
  if (account.parameters.erase(name) == 0) return refusal("ParameterNotFound", "");
  return Json::object();
}

Answer<Json> ssm_delete_parameters(Account& account, const Call& call) {
  const std::vector<std::string> names = EMU_TRY(names_of(call));
  for (const std::string& name : names) EMU_TRY(ssm_demand(account, call, "DeleteParameters", name));
  Json gone = Json::array(), missing = Json::array();
  for (const std::string& name : names) (account.parameters.erase(name) ? gone : missing).push(name);
  return Json::object({{"DeletedParameters", gone}, {"InvalidParameters", missing}});
}

}  // namespace spillway::emu
