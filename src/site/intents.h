#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "base/file.h"

namespace spillway::site {

/// What an apply began, on disk before AWS hears of it: by it the next apply knows what may be half-made, and
/// repeats a launch under the same token. One line of JSON each, {"began": key, "attempt": uuid} or
/// {"done": key}; a torn last line was never acted upon. The file is locked for as long as this lives.
class Intents {
 public:
  /// Errors: conflict (SPW-SITE-012: another apply runs), io, denied.
  static Result<Intents> open(const std::filesystem::path& file);

  /// Keys begun and not done.
  std::set<std::string> begun() const;
  /// Writes down that `key` is begun; the attempt's name, which is the former one after a crash.
  Result<std::string> begin(const std::string& key);
  Result<void> done(const std::string& key);

 private:
  Result<void> append(const std::string& line);
  Fd file_;
  std::filesystem::path path_;
  std::map<std::string, std::string> attempts_;
};

}  // namespace spillway::site
