#include "config/reader.h"

#include <algorithm>

#include "base/text.h"

namespace spillway::config {
namespace {

constexpr Code kContent{"SPW-CONFIG-002",
                        "the configuration says something that Spillway does not understand",
                        "correct the lines named above; spillway config schema lists every key"};

}  // namespace

const Tree* Reader::at(std::string_view path) const {
  const Tree* here = &tree_;
  for (const std::string_view key : split(path, '.')) {
    here = here->find(key);
    if (!here) return nullptr;
  }
  return here;
}

void Reader::complain(const Tree* where, std::string problem) {
  const Mark mark = where ? where->mark : tree_.mark;
  problems_.push_back(fmt::format("{}:{}:{}: {}", file_, mark.line, mark.column, problem));
}

const Tree* Reader::scalar_at(std::string_view path, std::string_view wanted) {
  const Tree* found = at(path);
  if (!found || found->shape == Tree::Shape::nothing) return nullptr;
  if (found->shape == Tree::Shape::scalar) return found;
  complain(found, fmt::format("{} must be {}", path, wanted));
  return nullptr;
}

Reader::Field Reader::note(std::string_view path, std::string_view type, std::string_view help,
                           std::string value, const Tree* found) {
  fields_.push_back({.path = std::string(path),
                     .type = std::string(type),
                     .help = std::string(help),
                     .value = std::move(value),
                     .origin = found ? fmt::format("{}:{}", file_, found->mark.line) : "default"});
  return Field{*this, fields_.size() - 1};
}

Reader::Field Reader::field(std::string_view path, std::string& value, std::string_view help) {
  const Tree* found = scalar_at(path, "text");
  if (found) value = found->text;
  return note(path, "text", help, value, found);
}

Reader::Field Reader::field(std::string_view path, int64_t& value, std::string_view help) {
  const Tree* found = scalar_at(path, "a whole number");
  if (found) {
    if (const auto number = parse_int(found->text))
      value = *number;
    else
      complain(found, fmt::format("{} is '{}' and must be a whole number", path, found->text));
  }
  return note(path, "number", help, std::to_string(value), found);
}

Reader::Field Reader::field(std::string_view path, bool& value, std::string_view help) {
  const Tree* found = scalar_at(path, "yes or no");
  if (found) {
    const std::string word = to_lower(found->text);
    if (word == "yes" || word == "true")
      value = true;
    else if (word == "no" || word == "false")
      value = false;
    else
      complain(found, fmt::format("{} is '{}' and must be yes or no", path, found->text));
  }
  return note(path, "yes/no", help, value ? "yes" : "no", found);
}

Reader::Field Reader::field(std::string_view path, std::vector<std::string>& value, std::string_view help) {
  const Tree* found = at(path);
  if (found && found->shape == Tree::Shape::list) {
    value.clear();
    for (const Tree& item : found->items) {
      if (item.shape == Tree::Shape::scalar)
        value.push_back(item.text);
      else
        complain(&item, fmt::format("{} must be a list of texts", path));
    }
  } else if (found && found->shape != Tree::Shape::nothing) {
    complain(found, fmt::format("{} must be a list: [a, b]", path));
  }
  return note(path, "list of text", help, fmt::format("[{}]", fmt::join(value, ", ")), found);
}

void Reader::opaque(std::string_view path, std::string_view help) {
  opaque_.emplace_back(path);
  const Tree* found = at(path);
  note(path, "any", help, found ? "given" : "", found);
}

Reader::Field& Reader::Field::required() {
  FieldFacts& facts = reader_.fields_[index_];
  facts.required = true;
  if (facts.value.empty() && facts.origin == "default")
    reader_.complain(nullptr, fmt::format("{} is missing: {}", facts.path, facts.help));
  return *this;
}

Reader::Field& Reader::Field::range(int64_t low, int64_t high) {
  FieldFacts& facts = reader_.fields_[index_];
  facts.range = {low, high};
  const int64_t value = parse_int(facts.value).value_or(low);
  if (value < low || value > high)
    reader_.complain(reader_.at(facts.path),
                     fmt::format("{} is {} and must be from {} to {}", facts.path, value, low, high));
  return *this;
}

Reader::Field& Reader::Field::one_of(std::vector<std::string> choices) {
  FieldFacts& facts = reader_.fields_[index_];
  facts.choices = std::move(choices);
  if (!facts.value.empty() &&
      std::find(facts.choices.begin(), facts.choices.end(), facts.value) == facts.choices.end())
    reader_.complain(reader_.at(facts.path), fmt::format("{} is '{}' and must be one of {}", facts.path,
                                                         facts.value, fmt::join(facts.choices, ", ")));
  return *this;
}

void Reader::find_unknown(const Tree& tree, const std::string& path) {
  if (std::find(opaque_.begin(), opaque_.end(), path) != opaque_.end()) return;
  const bool is_field =
      std::any_of(fields_.begin(), fields_.end(), [&](const FieldFacts& f) { return f.path == path; });
  if (is_field) return;
  const bool is_section =
      path.empty() || std::any_of(fields_.begin(), fields_.end(),
                                  [&](const FieldFacts& f) { return f.path.starts_with(path + "."); });
  if (!is_section) {
    std::vector<std::string> known;
    for (const FieldFacts& each : fields_) {
      known.push_back(each.path);
      if (const size_t dot = each.path.find('.'); dot != std::string::npos)
        known.push_back(each.path.substr(0, dot));
    }
    const auto near = nearest(path, known);
    return complain(&tree, fmt::format("unknown key '{}'{}", path,
                                       near ? fmt::format("; did you mean '{}'?", *near) : ""));
  }
  if (tree.shape != Tree::Shape::map) {
    if (tree.shape != Tree::Shape::nothing)
      complain(&tree, fmt::format("{} must be a section with keys", path.empty() ? "the file" : path));
    return;
  }
  for (const auto& [key, value] : tree.members) find_unknown(value, path.empty() ? key : path + "." + key);
}

Result<void> Reader::finish() {
  find_unknown(tree_, "");
  if (problems_.empty()) return {};
  return Error{Kind::invalid, kContent, fmt::format("{}", fmt::join(problems_, "\n  "))};
}

Json schema_of(const std::vector<FieldFacts>& fields) {
  const auto type_of = [](const FieldFacts& f) {
    if (f.type == "number") return Json::object({{"type", "integer"}});
    if (f.type == "yes/no") return Json::object({{"enum", Json::array({"yes", "no", true, false})}});
    if (f.type == "list of text")
      return Json::object({{"type", "array"}, {"items", Json::object({{"type", "string"}})}});
    if (f.type == "any") return Json::object();
    return Json::object({{"type", "string"}});
  };
  std::map<std::string, Json> sections;
  Json top = Json::object(), required = Json::array();
  std::map<std::string, Json> needed;
  for (const FieldFacts& f : fields) {
    Json described = type_of(f);
    described.set("description", f.help);
    if (f.range) described.set("minimum", f.range->first).set("maximum", f.range->second);
    if (!f.choices.empty()) {
      Json choices = Json::array();
      for (const std::string& choice : f.choices) choices.push(choice);
      described.set("enum", std::move(choices));
    }
    const size_t dot = f.path.find('.');
    const std::string section = dot == std::string::npos ? "" : f.path.substr(0, dot);
    const std::string key = dot == std::string::npos ? f.path : f.path.substr(dot + 1);
    if (section.empty()) {
      top.set(key, std::move(described));
      if (f.required) required.push(key);
      continue;
    }
    sections[section].set(key, std::move(described));
    if (f.required) needed[section].push(key);
  }
  for (auto& [name, properties] : sections) {
    Json object = Json::object(
        {{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}});
    if (needed.contains(name)) {
      object.set("required", std::move(needed[name]));
      required.push(name);
    }
    top.set(name, std::move(object));
  }
  return Json::object({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                       {"title", "spillway.yaml"},
                       {"type", "object"},
                       {"additionalProperties", false},
                       {"required", std::move(required)},
                       {"properties", std::move(top)}});
}

}  // namespace spillway::config
