#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/partitions.h"

namespace spillway::config {

/// Takes the members of one JSON object by name, notes every problem under its path, and says at the end
/// which members nobody asked for.
class JsonReader {
 public:
  struct Notes {
    std::vector<std::string> problems;
    std::vector<Warning> warnings;
  };

  JsonReader(const Json& object, std::string path, Notes& notes);

  const Json& any(std::string_view key);
  std::string text(std::string_view key, bool required);
  int64_t number(std::string_view key, bool required, int64_t min, int64_t max, int64_t otherwise = 0);
  const Json& object(std::string_view key, bool required);
  const Json& array(std::string_view key, bool required);
  std::vector<std::string> texts(std::string_view key, bool required);
  /// true, false, 0, 1, or one of these as text, as the forks write them.
  bool flag(std::string_view key);
  /// An object of keys and scalars as `key=value` of slurm.conf.
  KeyValues key_values(std::string_view key, bool required);
  bool has(std::string_view key) const { return object_.contains(key); }

  /// Warns of members that were not asked for, with the nearest of those that were.
  void warn_of_others();

  void problem(std::string_view key, std::string_view what);
  void warn(std::string_view key, std::string what, std::string fix);
  std::string path_of(std::string_view key) const;

 private:
  const Json* take(std::string_view key, bool required);
  void wrong_type(std::string_view key, std::string_view want, const Json& found);

  const Json& object_;
  std::string path_;
  Notes& notes_;
  std::vector<std::string> asked_;
};

}  // namespace spillway::config
