#include "base/json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace spillway {
namespace {

/// Builds a Json from the events of nlohmann's parser, which knows the grammar.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(size_t max_depth) : max_depth_(max_depth) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(int64_t{value}); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<number_unsigned_t>(std::numeric_limits<int64_t>::max()))
      return add(static_cast<double>(value));
    return add(static_cast<int64_t>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (open_.back().value.contains(name)) {
      problem_ = fmt::format("the key \"{}\" is there twice", name);
      return false;
    }
    open_.back().key = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    position_ = position;
    problem_ = error.what();
    if (const size_t colon = problem_.rfind("] "); colon != std::string::npos) problem_.erase(0, colon + 2);
    return false;
  }

  Json take() { return std::move(root_); }
  const std::string& problem() const { return problem_; }
  size_t position() const { return position_; }

 private:
  struct Level {
    Json value;
    std::string key;
  };

  bool open(Json container) {
    if (open_.size() >= max_depth_) {
      problem_ = fmt::format("deeper than {} levels", max_depth_);
      return false;
    }
    open_.push_back({std::move(container), {}});
    return true;
  }
  bool close() {
    Json done = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(done));
  }
  bool add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Level& top = open_.back(); top.value.is_array()) {
      top.value.push(std::move(value));
    } else {
      top.value.mutable_members().emplace_back(std::move(top.key), std::move(value));
    }
    return true;
  }

  size_t max_depth_;
  std::vector<Level> open_;
  Json root_;
  std::string problem_;
  size_t position_ = 0;
};

void write_string(std::string& out, std::string_view text) {
  // nlohmann replaces what is not UTF-8; everything else here is one pass.
  out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void new_line(std::string& out, int indent, int level) {
  if (indent == 0) return;
  out += '\n';
  out.append(static_cast<size_t>(indent) * static_cast<size_t>(level), ' ');
}

}  // namespace

Result<Json> Json::parse(std::string_view text, size_t max_depth) {
  Builder builder{max_depth};
  try {
    if (nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return builder.take();
  } catch (const std::exception& error) {  // the library's own way out for numbers beyond double
    return Error{Kind::invalid, fmt::format("not JSON: {}", error.what())};
  }
  const std::string_view before = text.substr(0, std::min(builder.position(), text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t last_newline = before.rfind('\n');
  const size_t column = before.size() - (last_newline == std::string_view::npos ? 0 : last_newline + 1);
  if (builder.position() == 0) return Error{Kind::invalid, fmt::format("not JSON: {}", builder.problem())};
  return Error{Kind::invalid,
               fmt::format("not JSON at line {}, column {}: {}", line, column, builder.problem())};
}

std::string_view Json::type_name() const {
  constexpr std::string_view kNames[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
  return kNames[value_.index()];
}

bool Json::as_bool() const {
  const bool* value = std::get_if<bool>(&value_);
  return value && *value;
}

int64_t Json::as_int() const {
  if (const auto* value = std::get_if<int64_t>(&value_)) return *value;
  const auto* value = std::get_if<double>(&value_);
  return value && std::abs(*value) < 9e18 ? static_cast<int64_t>(*value) : 0;
}

double Json::as_double() const {
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  return static_cast<double>(as_int());
}

const std::string& Json::as_string() const {
  static const std::string kEmpty;
  const auto* value = std::get_if<std::string>(&value_);
  return value ? *value : kEmpty;
}

const Json::Array& Json::items() const {
  static const Array kEmpty;
  const auto* value = std::get_if<Array>(&value_);
  return value ? *value : kEmpty;
}

const Json::Object& Json::members() const {
  static const Object kEmpty;
  const auto* value = std::get_if<Object>(&value_);
  return value ? *value : kEmpty;
}

const Json* Json::find(std::string_view key) const {
  for (const auto& [name, value] : members())
    if (name == key) return &value;
  return nullptr;
}

const Json& Json::operator[](std::string_view key) const {
  static const Json kNull;
  const Json* found = find(key);
  return found ? *found : kNull;
}

const Json& Json::at(size_t index) const {
  static const Json kNull;
  return index < items().size() ? items()[index] : kNull;
}

Json::Array& Json::mutable_items() {
  if (!is_array()) value_ = Array{};
  return std::get<Array>(value_);
}

Json::Object& Json::mutable_members() {
  if (!is_object()) value_ = Object{};
  return std::get<Object>(value_);
}

Json& Json::set(std::string_view key, Json value) {
  for (auto& [name, present] : mutable_members())
    if (name == key) return present = std::move(value), *this;
  mutable_members().emplace_back(std::string(key), std::move(value));
  return *this;
}

Json& Json::push(Json value) {
  mutable_items().push_back(std::move(value));
  return *this;
}

bool Json::erase(std::string_view key) {
  return is_object() && std::erase_if(mutable_members(), [&](const Member& m) { return m.first == key; }) > 0;
}

std::string Json::dump(int indent) const {
  std::string out;
  write(out, indent, 0);
  return out;
}

void Json::write(std::string& out, int indent, int level) const {
  if (is_string()) return write_string(out, as_string());
  if (is_bool()) {
    out += as_bool() ? "true" : "false";
  } else if (is_int()) {
    out += std::to_string(as_int());
  } else if (is_number()) {
    out += nlohmann::json(as_double()).dump();
  } else if (is_array()) {
    out += '[';
    for (size_t i = 0; i < items().size(); ++i) {
      if (i > 0) out += indent ? "," : ", ";
      new_line(out, indent, level + 1);
      items()[i].write(out, indent, level + 1);
    }
    if (!items().empty()) new_line(out, indent, level);
    out += ']';
  } else if (is_object()) {
    out += '{';
    for (size_t i = 0; i < members().size(); ++i) {
      if (i > 0) out += indent ? "," : ", ";
      new_line(out, indent, level + 1);
      write_string(out, members()[i].first);
      out += ": ";
      members()[i].second.write(out, indent, level + 1);
    }
    if (!members().empty()) new_line(out, indent, level);
    out += '}';
  } else {
    out += "null";
  }
}

}  // namespace spillway
