#pragma once
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace spillway {

/// A JSON document as a value. Objects keep the order of their members; looking up what is not there gives
/// null.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;
  Json(std::nullptr_t) {}                      // NOLINT(google-explicit-constructor): as JSON reads
  Json(bool value) : value_(value) {}          // NOLINT
  Json(int value) : value_(int64_t{value}) {}  // NOLINT
  Json(int64_t value) : value_(value) {}       // NOLINT
  Json(size_t value) : value_(static_cast<int64_t>(value)) {}   // NOLINT
  Json(double value) : value_(value) {}                         // NOLINT
  Json(const char* value) : value_(std::string(value)) {}       // NOLINT
  Json(std::string value) : value_(std::move(value)) {}         // NOLINT
  Json(std::string_view value) : value_(std::string(value)) {}  // NOLINT
  Json(Array value) : value_(std::move(value)) {}               // NOLINT
  Json(Object value) : value_(std::move(value)) {}              // NOLINT

  static Json object(std::initializer_list<Member> members = {}) { return Json(Object(members)); }
  static Json array(std::initializer_list<Json> items = {}) { return Json(Array(items)); }
  /// Reads one document of at most `max_depth` levels. Errors: invalid, with line and column; a repeated key
  /// is one.
  static Result<Json> parse(std::string_view text, size_t max_depth = 100);

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<int64_t>(value_); }
  bool is_number() const { return is_int() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  /// "null", "boolean", "integer", "number", "string", "array" or "object".
  std::string_view type_name() const;

  // What is of another type reads as empty: false, 0, "", no items, no members.
  bool as_bool() const;
  int64_t as_int() const;
  double as_double() const;
  const std::string& as_string() const;
  const Array& items() const;
  const Object& members() const;

  size_t size() const { return is_array() ? items().size() : members().size(); }
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  const Json* find(std::string_view key) const;
  const Json& operator[](std::string_view key) const;
  const Json& operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  const Json& at(size_t index) const;

  /// Sets a member (null becomes an object first).
  Json& set(std::string_view key, Json value);
  /// Appends an item (null becomes an array first).
  Json& push(Json value);
  bool erase(std::string_view key);
  Array& mutable_items();
  Object& mutable_members();

  /// One line, or indented by `indent` blanks a level. Text that is not UTF-8 is written with U+FFFD in its
  /// place.
  std::string dump(int indent = 0) const;

  bool operator==(const Json&) const = default;

 private:
  void write(std::string& out, int indent, int level) const;
  std::variant<std::nullptr_t, bool, int64_t, double, std::string, Array, Object> value_ = nullptr;
};

}  // namespace spillway
