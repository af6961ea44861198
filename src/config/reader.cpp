#include "config/reader.h"

#include <algorithm>

#include "base/text.h"

namespace spillway::config {
namespace {

constexpr Code kContent{"SPW-CONFIG-002",
                        "the configuration says something that Spillway does not understand",
                        "correct the lines named above; spillway config schema lists every key"};

}  // namespace

namespace {

/// SPILLWAY_AWS_VPC_CIDR for aws.vpc_cidr.
std::string variable_of(std::string_view path) {
  std::string name = "SPILLWAY_";
  for (const char c : path)
    name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '.' ? '_' : c;
  return name;
}

struct Unit {
  std::string_view name;
  int64_t microseconds;
};
constexpr Unit kUnits[] = {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000},
                           {"s", 1'000'000},      {"ms", 1'000},        {"us", 1}};

std::optional<Duration> duration_in(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t total = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const size_t end = std::min(rest.find_first_of("0123456789", digits), rest.size());
    const auto number = parse_int(rest.substr(0, digits));
    const std::string_view name = rest.substr(digits, end - digits);
    int64_t scale = name.empty() && end == text.size() ? 1'000'000 : 0;
    for (const Unit& unit : kUnits)
      if (unit.name == name) scale = unit.microseconds;
    int64_t part = 0;
    if (!number || scale == 0 || __builtin_mul_overflow(*number, scale, &part) ||
        __builtin_add_overflow(total, part, &total))
      return std::nullopt;
    rest.remove_prefix(end);
  }
  return Duration{total};
}

std::string in_words(Duration value) {
  for (const Unit& unit : kUnits)
    if (value.count() != 0 && value.count() % unit.microseconds == 0)
      return fmt::format("{}{}", value.count() / unit.microseconds, unit.name);
  return "0s";
}

}  // namespace

const Tree* Reader::at(std::string_view path) {
  if (environment_) {
    if (const auto known = from_environment_.find(path); known != from_environment_.end())
      return &known->second;
    if (const char* value = environment_(variable_of(path).c_str())) {
      Tree tree{.shape = Tree::Shape::scalar, .text = value};
      if (tree.text.starts_with('['))
        if (auto list = parse_yaml(tree.text, "")) tree = std::move(*list);
      return &from_environment_.emplace(path, std::move(tree)).first->second;
    }
  }
  const Tree* here = &tree_;
  for (const std::string_view key : split(path, '.')) {
    here = here->find(key);
    if (!here) return nullptr;
  }
  return here;
}

std::string Reader::origin_of(std::string_view path, const Tree* found) const {
  if (!found || found->shape == Tree::Shape::nothing) return "default";
  if (from_environment_.contains(path)) return "environment " + variable_of(path);
  return fmt::format("{}:{}", file_, found->mark.line);
}

void Reader::complain(const Tree* where, std::string problem) {
  for (const auto& [path, tree] : from_environment_)
    if (where == &tree)
      return problems_.push_back(fmt::format("environment {}: {}", variable_of(path), problem));
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
                     .origin = origin_of(path, found)});
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

Reader::Field Reader::field(std::string_view path, Duration& value, std::string_view help) {
  const Tree* found = scalar_at(path, "a duration");
  if (found) {
    if (const auto duration = duration_in(found->text))
      value = *duration;
    else
      complain(found, fmt::format("{} is {} and must be a duration such as 90s, 5m or 1h30m", path,
                                  in_quotes(found->text)));
  }
  return note(path, "duration", help, in_words(value), found);
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

Reader::Field& Reader::Field::one_line(size_t longest) {
  FieldFacts& facts = reader_.fields_[index_];
  facts.longest = longest;
  const bool plain = std::none_of(facts.value.begin(), facts.value.end(),
                                  [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
  if (!plain || facts.value.size() > longest)
    reader_.complain(reader_.at(facts.path),
                     fmt::format("{} must be one line of at most {} bytes", facts.path, longest));
  return *this;
}

Reader::Field& Reader::Field::unused() {
  reader_.fields_[index_].used = false;
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
      return Json::object(
          {{"type", "array"},
           {"items", Json::object({{"type", Json::array({"string", "number", "boolean"})}})}});
    if (f.type == "any") return Json::object();
    // Text that looks like a number or a truth value needs no quotes in YAML, so a judge sees it as one.
    return Json::object({{"type", Json::array({"string", "number", "boolean", "null"})}});
  };
  std::map<std::string, Json> sections;
  Json top = Json::object(), required = Json::array();
  std::map<std::string, Json> needed;
  for (const FieldFacts& f : fields) {
    Json described = type_of(f);
    described.set("description", f.help);
    if (f.range) described.set("minimum", f.range->first).set("maximum", f.range->second);
    if (f.longest) described.set("maxLength", f.longest).set("pattern", "^[^\\u0000-\\u001f\\u007f]*$");
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

std::string reference_of(const std::vector<FieldFacts>& fields) {
  std::string out = "# spillway.yaml\n\n| Field | Type | Default | Meaning |\n|---|---|---|---|\n";
  for (const FieldFacts& f : fields) {
    std::string type = f.choices.empty() ? f.type : fmt::format("one of {}", fmt::join(f.choices, ", "));
    if (f.range) type += fmt::format(", {} to {}", f.range->first, f.range->second);
    out += fmt::format("| `{}` | {} | {} | {}{} |\n", f.path, type, f.required ? "required" : f.value, f.help,
                       f.used ? "" : " Accepted, not used yet.");
  }
  return out;
}

}  // namespace spillway::config
