#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace spillway::emu {

/// Undoes percent-encoding; `plus_is_blank` as in forms. What is not an escape stays as it is.
std::string percent_decoded(std::string_view text, bool plus_is_blank);
/// Encodes all but the unreserved characters of RFC 3986, and "/" where `keep_slash`.
std::string percent_encoded(std::string_view text, bool keep_slash = false);

/// Parameters of the query protocols: flat names with dots and indices for structures and lists, counted from
/// one ("Filter.1.Value.2").
class Params {
 public:
  /// Reads a form or a query string. Of a repeated name the last one counts.
  static Params parse(std::string_view form);

  void set(std::string name, std::string value) { values_[std::move(name)] = std::move(value); }
  void erase(const std::string& name) { values_.erase(name); }
  const std::string* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  /// The value, or "" when there is none.
  const std::string& get(std::string_view name) const;
  std::optional<int64_t> number(std::string_view name) const;
  bool flag(std::string_view name) const { return get(name) == "true" || get(name) == "True"; }
  /// The values name.1, name.2, … in the order of their indices.
  std::vector<std::string> list(std::string_view name) const;
  /// What lies under name.1., name.2., … without that prefix.
  std::vector<Params> structures(std::string_view name) const;
  /// What lies under `name`., without that prefix.
  Params under(std::string_view name) const;
  bool empty() const { return values_.empty(); }
  const std::map<std::string, std::string, std::less<>>& values() const { return values_; }
  bool operator==(const Params&) const = default;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace spillway::emu
