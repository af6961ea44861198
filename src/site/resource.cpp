#include "site/resource.h"

#include <algorithm>
#include <set>

namespace spillway::site {
namespace {

/// The key that a reference names; nothing when `json` is no reference.
const std::string* referred(const Json& json) {
  if (!json.is_object() || json.size() != 1) return nullptr;
  const auto& [name, value] = json.members().front();
  if (name == "Ref") return &value.as_string();
  if (name == "Fn::GetAtt") return &value.at(0).as_string();
  return nullptr;
}

void collect(const Json& json, std::set<std::string>& keys) {
  if (const std::string* key = referred(json)) {
    keys.insert(*key);
    return;
  }
  for (const Json& item : json.items()) collect(item, keys);
  for (const auto& [name, value] : json.members()) collect(value, keys);
}

std::string as_text(const Json& json) {
  return json.is_string() ? json.as_string() : json.dump();
}

/// Each of `wanted` finds a partner of its own in `actual`.
bool covers_list(const Json& actual, const Json& wanted) {
  if (actual.size() != wanted.size()) return false;
  std::vector<bool> taken(actual.size());
  for (const Json& one : wanted.items()) {
    size_t i = 0;
    while (i < actual.size() && (taken[i] || !covers(actual.at(i), one))) ++i;
    if (i == actual.size()) return false;
    taken[i] = true;
  }
  return true;
}

}  // namespace

Json ref_to(std::string_view key) {
  return Json::object({{"Ref", key}});
}

Json attribute(std::string_view key, std::string_view name) {
  return Json::object({{"Fn::GetAtt", Json::array({key, name})}});
}

std::vector<std::string> needs(const Resource& resource) {
  std::set<std::string> keys(resource.after.begin(), resource.after.end());
  collect(resource.properties, keys);
  return {keys.begin(), keys.end()};
}

Json resolved(const Json& properties, const Actuals& actuals) {
  if (const std::string* key = referred(properties)) {
    const auto found = actuals.find(*key);
    if (found == actuals.end()) return properties;
    if (properties.contains("Ref")) return found->second.id;
    const Json* value = found->second.attributes.find(properties["Fn::GetAtt"].at(1).as_string());
    return value ? *value : properties;
  }
  if (properties.is_array()) {
    Json out = Json::array();
    for (const Json& item : properties.items()) out.push(resolved(item, actuals));
    return out;
  }
  if (properties.contains("Fn::Join")) {
    const Json parts = resolved(properties["Fn::Join"].at(1), actuals);
    if (has_references(parts)) return properties;
    std::string text;
    for (const Json& part : parts.items()) text += part.as_string();
    return text;
  }
  if (properties.is_object()) {
    Json out = Json::object();
    for (const auto& [name, value] : properties.members()) out.set(name, resolved(value, actuals));
    return out;
  }
  return properties;
}

bool has_references(const Json& properties) {
  std::set<std::string> keys;
  collect(properties, keys);
  return !keys.empty();
}

Result<Resources> in_order(Resources resources) {
  Resources out;
  std::set<std::string> done;
  while (!resources.empty()) {
    const size_t before = resources.size();
    for (auto it = resources.begin(); it != resources.end();) {
      const std::vector<std::string> keys = needs(*it);
      if (std::all_of(keys.begin(), keys.end(), [&](const std::string& key) { return done.contains(key); })) {
        done.insert(it->key);
        out.push_back(std::move(*it));
        it = resources.erase(it);
      } else {
        ++it;
      }
    }
    if (resources.size() == before)
      return Error{Kind::internal, fmt::format("{} refers to itself, or to nothing", resources.front().key)};
  }
  return out;
}

bool covers(const Json& actual, const Json& wanted) {
  if (wanted.is_object()) {
    return actual.is_object() &&
           std::all_of(wanted.members().begin(), wanted.members().end(),
                       [&](const auto& member) { return covers(actual[member.first], member.second); });
  }
  if (wanted.is_array()) return actual.is_array() && covers_list(actual, wanted);
  if (actual.is_object() || actual.is_array()) return false;
  return as_text(actual) == as_text(wanted);
}

}  // namespace spillway::site
