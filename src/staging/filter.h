#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace spillway::staging {

/// Which files take part. Patterns are those of the shell, over the whole path below the root; * also matches
/// slashes. A file is left out if an exclude matches it and no include does; with includes alone, only what
/// they match takes part.
struct Filter {
  std::vector<std::string> include, exclude;
  bool takes(std::string_view key) const;
  bool empty() const { return include.empty() && exclude.empty(); }
};

}  // namespace spillway::staging
