#include <algorithm>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/ssm.h"

// Parameters that are found rather than named: by path, and by filters.
namespace spillway::emu {
namespace {

struct Page {
  std::vector<const Parameter*> parameters;
  std::string next;  // "" at the end
};

/// One page of `found`, which is sorted by name. A token names the last parameter seen.
Answer<Page> page_of(const Call& call, const std::vector<const Parameter*>& found, int64_t most) {
  constexpr std::string_view kMark = "after ";
  int64_t room = most;
  if (const Json* wanted = call.json.find("MaxResults")) room = wanted->as_int();
  if (room < 1 || room > most)
    return refusal("ValidationException",
                   fmt::format("1 validation error detected: Value '{}' at 'maxResults' failed to satisfy "
                               "constraint: Member must have value between 1 and {}",
                               room, most));
  std::string after;
  if (const std::string& token = call.json["NextToken"].as_string(); !token.empty()) {
    auto text = from_base64(token);
    if (!text || !text->starts_with(kMark))
      return refusal("InvalidNextToken", "The specified token isn't valid.");
    after = text->substr(kMark.size());
  }
  Page page;
  for (const Parameter* parameter : found) {
    if (!after.empty() && parameter->name <= after) continue;
    if (page.parameters.size() == static_cast<size_t>(room)) {
      page.next = to_base64(fmt::format("{}{}", kMark, page.parameters.back()->name));
      break;
    }
    page.parameters.push_back(parameter);
  }
  return page;
}

/// Whether a parameter lies under `path`: directly, or at any depth.
bool lies_under(const std::string& name, const std::string& path, bool recursive) {
  const std::string folder = path.ends_with('/') ? path : path + "/";
  const std::string whole = name.starts_with('/') ? name : "/" + name;
  return whole.starts_with(folder) && (recursive || whole.find('/', folder.size()) == std::string::npos);
}

/// Whether a parameter passes one of ParameterFilters; of its values one is enough.
Answer<bool> passes(const Parameter& parameter, const Json& filter) {
  constexpr std::string_view kTag = "tag:";
  const std::string &key = filter["Key"].as_string(), &option = filter["Option"].as_string();
  const Json::Array& values = filter["Values"].items();
  auto any = [&](auto&& fits) {
    return std::any_of(values.begin(), values.end(),
                       [&](const Json& value) { return fits(value.as_string()); });
  };
  std::string actual;
  if (key == "Path")
    return any(
        [&](const std::string& path) { return lies_under(parameter.name, path, option == "Recursive"); });
  if (key.starts_with(kTag)) {
    auto tag = parameter.tags.find(key.substr(kTag.size()));
    if (tag == parameter.tags.end()) return false;
    if (values.empty()) return true;
    actual = tag->second;
  } else if (key == "Name") {
    actual = parameter.name;
  } else if (key == "Type") {
    actual = parameter.type;
  } else if (key == "KeyId") {
    actual = parameter.key_id;
  } else {
    return refusal("InvalidFilterKey", fmt::format("The specified key {} isn't valid.", key));
  }
  if (values.empty())
    return refusal("InvalidFilterValue", "The filter value isn't valid. Verify the value and try again.");
  if (option == "BeginsWith") return any([&](const std::string& text) { return actual.starts_with(text); });
  if (option == "Contains" && key == "Name")
    return any([&](const std::string& text) { return actual.find(text) != std::string::npos; });
  if (!option.empty() && option != "Equals")
    return refusal("InvalidFilterOption",
                   fmt::format("The filter option {} is not valid for the key {}.", option, key));
  return any([&](const std::string& text) { return actual == text; });
}

Answer<bool> passes_all(const Parameter& parameter, const Json& filters) {
  bool all = true;
  for (const Json& filter : filters.items()) all = EMU_TRY(passes(parameter, filter)) && all;
  return all;
}

Json metadata_of(const Account& account, const Parameter& parameter) {
  Json shown = Json::object(
      {{"ARN", parameter_arn(account, parameter.name)},
       {"DataType", "text"},
       {"LastModifiedDate", static_cast<double>(parameter.modified.time_since_epoch().count()) / 1e6},
       {"Name", parameter.name},
       {"Policies", Json::array()},
       {"Tier", "Standard"},
       {"Type", parameter.type},
       {"Version", parameter.version}});
  if (!parameter.modified_by.empty()) shown.set("LastModifiedUser", parameter.modified_by);
  if (!parameter.description.empty()) shown.set("Description", parameter.description);
  if (!parameter.key_id.empty()) shown.set("KeyId", parameter.key_id);
  return shown;
}

}  // namespace

Answer<Json> ssm_get_by_path(Account& account, const Call& call) {
  const std::string& path = call.json["Path"].as_string();
  const bool recursive = call.json["Recursive"].as_bool();
  if (!path.starts_with('/'))
    return refusal(
        "ValidationException",
        "The parameter doesn't meet the parameter name requirements. The parameter name must begin "
        "with a forward slash \"/\".");
  EMU_TRY(ssm_demand(account, call, "GetParametersByPath", path,
                     {{"ssm:Recursive", recursive ? "true" : "false"}}));
  std::vector<const Parameter*> found;
  for (const auto& [name, parameter] : account.parameters)
    if (lies_under(name, path, recursive) && EMU_TRY(passes_all(parameter, call.json["ParameterFilters"])))
      found.push_back(&parameter);
  const Page page = EMU_TRY(page_of(call, found, 10));
  Json shown = Json::array();
  for (const Parameter* parameter : page.parameters)
    shown.push(shown_parameter(account, *parameter, call.json["WithDecryption"].as_bool()));
  Json answer = Json::object({{"Parameters", std::move(shown)}});
  if (!page.next.empty()) answer.set("NextToken", page.next);
  return answer;
}

Answer<Json> ssm_describe(Account& account, const Call& call) {
  EMU_TRY(ssm_demand_all(account, call));
  if (call.json["Filters"].size() > 0)
    return refusal("ValidationException", "This emulator takes ParameterFilters, not the older Filters");
  std::vector<const Parameter*> found;
  for (const auto& [name, parameter] : account.parameters)
    if (EMU_TRY(passes_all(parameter, call.json["ParameterFilters"]))) found.push_back(&parameter);
  const Page page = EMU_TRY(page_of(call, found, 50));
  Json shown = Json::array();
  for (const Parameter* parameter : page.parameters) shown.push(metadata_of(account, *parameter));
  Json answer = Json::object({{"Parameters", std::move(shown)}});
  if (!page.next.empty()) answer.set("NextToken", page.next);
  return answer;
}

}  // namespace spillway::emu
