#include "staging/filter.h"

#include <fnmatch.h>

#include <algorithm>

namespace spillway::staging {

bool Filter::takes(std::string_view key) const {
  if (empty()) return true;
  std::string name(key);
  if (name.ends_with('/')) {
    name.pop_back();
    // Directories stand with what is in them: only an exclude of their own name leaves them out.
    if (exclude.empty()) return true;
  }
  const auto matches = [&](const std::string& pattern) {
    return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  };
  if (std::ranges::any_of(include, matches)) return true;
  return exclude.empty() ? false : std::ranges::none_of(exclude, matches);
}

}  // namespace spillway::staging
