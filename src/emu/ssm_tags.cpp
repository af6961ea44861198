#include "emu/ssm.h"

namespace spillway::emu {
namespace {

constexpr size_t kTagsEach = 50;

/// The parameter that ResourceType and ResourceId name, once the caller was found to be allowed the
/// operation on it.
Answer<Parameter*> resource_of(Account& account, const Call& call, Context context) {
  if (call.json["ResourceType"].as_string() != "Parameter")
    return refusal("InvalidResourceType", "The resource type isn't valid.");
  const std::string& name = call.json["ResourceId"].as_string();
  EMU_TRY(ssm_demand(account, call, call.operation, name, std::move(context)));
  auto found = account.parameters.find(name);
  if (found != account.parameters.end()) return &found->second;
  return refusal("InvalidResourceId",
                 "The resource ID isn't valid. Verify that you entered the correct ID and try again.");
}

}  // namespace

Answer<Tags> ssm_tags(const Json& list) {
  Tags tags;
  for (const Json& tag : list.items()) {
    const std::string &key = tag["Key"].as_string(), &value = tag["Value"].as_string();
    if (key.empty() || key.size() > 128 || value.empty() || value.size() > 256 || key.starts_with("aws:"))
      return refusal("ValidationException", fmt::format("The tag {} isn't valid.", key));
    if (!tags.emplace(key, value).second)
      return refusal("ValidationException", fmt::format("The tag key {} was given twice.", key));
  }
  if (tags.size() > kTagsEach) return refusal("TooManyTagsError", "A resource can have at most 50 tags.");
  return tags;
}

Answer<Json> ssm_add_tags(Account& account, const Call& call) {
  const Tags tags = EMU_TRY(ssm_tags(call.json["Tags"]));
  Context context;
  for (const auto& [key, value] : tags) context.emplace_back("aws:RequestTag/" + key, value);
  Parameter* parameter = EMU_TRY(resource_of(account, call, std::move(context)));
  Tags sum = tags;
  sum.insert(parameter->tags.begin(), parameter->tags.end());
  if (sum.size() > kTagsEach) return refusal("TooManyTagsError", "A resource can have at most 50 tags.");
  parameter->tags = std::move(sum);
  return Json::object();
}

Answer<Json> ssm_remove_tags(Account& account, const Call& call) {
  Context context;
  for (const Json& key : call.json["TagKeys"].items()) context.emplace_back("aws:TagKeys", key.as_string());
  Parameter* parameter = EMU_TRY(resource_of(account, call, std::move(context)));
  for (const Json& key : call.json["TagKeys"].items()) parameter->tags.erase(key.as_string());
  return Json::object();
}

Answer<Json> ssm_list_tags(Account& account, const Call& call) {
  const Parameter* parameter = EMU_TRY(resource_of(account, call, {}));
  Json list = Json::array();
  for (const auto& [key, value] : parameter->tags) list.push(Json::object({{"Key", key}, {"Value", value}}));
  return Json::object({{"TagList", list}});
}

}  // namespace spillway::emu
