#include "config/json_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace spillway::config {
namespace {

const Json kNull;

bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_slurm_key(std::string_view key) {
  return !key.empty() && is_clean(key) && key.find_first_of(" =#\"") == std::string_view::npos;
}

}  // namespace

JsonReader::JsonReader(const Json& object, std::string path, Notes& notes)
    : object_(object), path_(std::move(path)), notes_(notes) {
  if (!object.is_object())
    notes_.problems.push_back(
        fmt::format("{}: want an object, found {}", path_.empty() ? "the file" : path_, object.type_name()));
}

std::string JsonReader::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void JsonReader::problem(std::string_view key, std::string_view what) {
  notes_.problems.push_back(fmt::format("{}: {}", path_of(key), what));
}

void JsonReader::warn(std::string_view key, std::string what, std::string fix) {
  notes_.warnings.push_back({path_of(key), std::move(what), std::move(fix)});
}

void JsonReader::wrong_type(std::string_view key, std::string_view want, const Json& found) {
  const bool is_short = found.is_string() || found.is_number() || found.is_bool();
  problem(key, fmt::format("want {}, found {}", want,
                           is_short ? in_quotes(found.is_string() ? found.as_string() : found.dump(), 60)
                                    : found.type_name()));
}

const Json* JsonReader::take(std::string_view key, bool required) {
  asked_.emplace_back(key);
  const Json* found = object_.find(key);
  if (!found && required && object_.is_object()) {
    std::vector<std::string> present;
    for (const auto& [name, value] : object_.members()) present.push_back(name);
    const auto close = nearest(key, present);
    problem(key, close ? fmt::format("is missing; is \"{}\" meant to be it?", *close) : "is missing");
  }
  return found;
}

const Json& JsonReader::any(std::string_view key) {
  const Json* found = take(key, false);
  return found ? *found : kNull;
}

std::string JsonReader::text(std::string_view key, bool required) {
  const Json* found = take(key, required);
  if (!found) return {};
  if (!found->is_string() || !is_clean(found->as_string()) || (required && found->as_string().empty())) {
    wrong_type(key, required ? "a text that is not empty" : "a text", *found);
    return {};
  }
  return found->as_string();
}

int64_t JsonReader::number(std::string_view key, bool required, int64_t min, int64_t max, int64_t otherwise) {
  const Json* found = take(key, required);
  if (!found) return otherwise;
  if (!found->is_int()) {
    wrong_type(key, "a whole number", *found);
    return otherwise;
  }
  const int64_t value = found->as_int();
  if (value < min || value > max) {
    problem(key, fmt::format("want {} to {}, found {}", min, max, value));
    return otherwise;
  }
  return value;
}

const Json& JsonReader::object(std::string_view key, bool required) {
  const Json* found = take(key, required);
  if (!found) return kNull;
  if (found->is_object()) return *found;
  wrong_type(key, "an object", *found);
  return kNull;
}

const Json& JsonReader::array(std::string_view key, bool required) {
  const Json* found = take(key, required);
  if (!found) return kNull;
  if (found->is_array()) return *found;
  wrong_type(key, "an array", *found);
  return kNull;
}

std::vector<std::string> JsonReader::texts(std::string_view key, bool required) {
  std::vector<std::string> out;
  for (const Json& item : array(key, required).items()) {
    if (item.is_string() && !item.as_string().empty() && is_clean(item.as_string()))
      out.push_back(item.as_string());
    else
      wrong_type(key, "texts that are not empty", item);
  }
  return out;
}

bool JsonReader::flag(std::string_view key) {
  const Json* found = take(key, false);
  if (!found) return false;
  const std::string word = found->is_string() ? to_lower(found->as_string()) : found->dump();
  if (word == "true" || word == "1") return true;
  if (word != "false" && word != "0") wrong_type(key, "true or false", *found);
  return false;
}

KeyValues JsonReader::key_values(std::string_view key, bool required) {
  KeyValues out;
  for (const auto& [name, value] : object(key, required).members()) {
    const std::string path = fmt::format("{}.{}", key, name);
    const bool is_scalar = value.is_string() || value.is_number() || value.is_bool();
    if (!is_slurm_key(name)) {
      problem(path, "is no key of slurm.conf");
    } else if (!is_scalar || (value.is_string() && !is_clean(value.as_string()))) {
      wrong_type(path, "a text or a number of one line", value);
    } else {
      out.emplace_back(name, value.is_string() ? value.as_string() : value.dump());
    }
  }
  return out;
}

void JsonReader::warn_of_others() {
  for (const auto& [name, value] : object_.members()) {
    if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
    const auto close = nearest(name, asked_);
    warn(name, "is no known key and has no effect",
         close ? fmt::format("did you mean \"{}\"?", *close) : "remove it, or check its spelling");
  }
}

}  // namespace spillway::config
