#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "base/crypto.h"
#include "base/json.h"
#include "base/time.h"

// Turns values into JSON and back by one description of their members:
//   template <class Archive> void describe(Archive& archive, Thing& thing) { archive.member("name",
//   thing.name); }
namespace spillway::emu {

class Writer {
 public:
  template <class T>
  void member(std::string_view name, T& value) {
    object_.set(name, written(value));
  }
  /// A member that older documents lack.
  template <class T>
  void later(std::string_view name, T& value) {
    member(name, value);
  }
  /// Text that need not be UTF-8.
  void bytes(std::string_view name, const std::string& value) { object_.set(name, to_base64(value)); }
  Json take() { return object_.is_null() ? Json::object() : std::move(object_); }

 private:
  template <class T>
  static Json written(std::optional<T>& value) {
    return value ? written(*value) : Json();
  }
  template <class T>
  static Json written(std::vector<T>& values) {
    Json out = Json::array();
    for (T& value : values) out.push(written(value));
    return out;
  }
  template <class T>
  static Json written(std::set<T>& values) {
    Json out = Json::array();
    for (T value : values) out.push(written(value));
    return out;
  }
  template <class Key, class T, class Less>
  static Json written(std::map<Key, T, Less>& values) {
    Json out = Json::array();  // of pairs: keys need not be text, and may be many
    for (auto& [key, value] : values) out.push(Json::array({written(key), written(value)}));
    return out;
  }
  template <class T>
  static Json written(T& value) {
    using Plain = std::remove_const_t<T>;
    if constexpr (std::is_same_v<Plain, std::string> || std::is_same_v<Plain, bool> ||
                  std::is_same_v<Plain, Json>) {
      return value;
    } else if constexpr (std::is_integral_v<Plain> || std::is_enum_v<Plain>) {
      return static_cast<int64_t>(value);
    } else if constexpr (std::is_same_v<Plain, Time>) {
      return static_cast<int64_t>(value.time_since_epoch().count());
    } else if constexpr (std::is_same_v<Plain, std::shared_ptr<const std::string>>) {
      return value ? to_base64(*value) : "";
    } else {
      Writer inner;
      describe(inner, value);
      return inner.take();
    }
  }

  Json object_;
};

class Reader {
 public:
  explicit Reader(const Json& object, std::string path = "") : object_(object), path_(std::move(path)) {}

  template <class T>
  void member(std::string_view name, T& value) {
    if (failed()) return;
    const Json* found = object_.find(name);
    if (!found) return fail(path_ + "." + std::string(name), "is missing");
    read(*found, value, path_ + "." + std::string(name));
  }
  /// Where the member is missing a collection becomes empty, and all else keeps its value.
  template <class T>
  void later(std::string_view name, T& value) {
    if (object_.contains(name)) return member(name, value);
    if constexpr (requires { value.clear(); }) value.clear();
  }
  void bytes(std::string_view name, std::string& value) {
    std::string encoded;
    member(name, encoded);
    auto decoded = from_base64(encoded);
    if (failed()) return;
    if (!decoded) return fail(path_ + "." + std::string(name), "is not base64");
    value = *std::move(decoded);
  }
  bool failed() const { return !problem_.empty(); }
  /// The first problem, with the member's path; "" when there was none.
  const std::string& problem() const { return problem_; }

 private:
  void fail(const std::string& path, std::string_view what) {
    if (problem_.empty()) problem_ = path + " " + std::string(what);
  }
  bool expect(bool right, const std::string& path) {
    if (!right) fail(path, "is of the wrong type");
    return right;
  }
  template <class T>
  void read(const Json& json, std::optional<T>& value, const std::string& path) {
    value.reset();
    if (!json.is_null()) read(json, value.emplace(), path);
  }
  template <class T>
  void read(const Json& json, std::vector<T>& values, const std::string& path) {
    if (!expect(json.is_array(), path)) return;
    values.assign(json.size(), T{});
    for (size_t i = 0; i < json.size(); ++i) read(json.at(i), values[i], path);
  }
  template <class T>
  void read(const Json& json, std::set<T>& values, const std::string& path) {
    if (!expect(json.is_array(), path)) return;
    values.clear();
    for (const Json& item : json.items()) {
      T value{};
      read(item, value, path);
      values.insert(std::move(value));
    }
  }
  template <class Key, class T, class Less>
  void read(const Json& json, std::map<Key, T, Less>& values, const std::string& path) {
    if (!expect(json.is_array(), path)) return;
    values.clear();
    for (const Json& pair : json.items()) {
      Key key{};
      if (!expect(pair.size() == 2, path)) return;
      read(pair.at(0), key, path);
      read(pair.at(1), values[key], path);
    }
  }
  template <class T>
  void read(const Json& json, T& value, const std::string& path) {
    if constexpr (std::is_same_v<T, std::string>) {
      if (expect(json.is_string(), path)) value = json.as_string();
    } else if constexpr (std::is_same_v<T, bool>) {
      if (expect(json.is_bool(), path)) value = json.as_bool();
    } else if constexpr (std::is_same_v<T, Json>) {
      value = json;
    } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      if (expect(json.is_int(), path)) value = static_cast<T>(json.as_int());
    } else if constexpr (std::is_same_v<T, Time>) {
      if (expect(json.is_int(), path)) value = Time{Duration{json.as_int()}};
    } else if constexpr (std::is_same_v<T, std::shared_ptr<const std::string>>) {
      auto bytes = from_base64(json.as_string());
      if (expect(json.is_string() && bytes, path))
        value = std::make_shared<const std::string>(*std::move(bytes));
    } else {
      if (!expect(json.is_object(), path)) return;
      Reader inner(json, path);
      describe(inner, value);
      if (inner.failed() && problem_.empty()) problem_ = inner.problem();
    }
  }

  const Json& object_;
  std::string path_, problem_;
};

}  // namespace spillway::emu
