#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "lab/image.h"

namespace spillway::lab {
namespace {

/// "libc6 (>= 2.36), a | b:any" as lists of names.
std::vector<std::vector<std::string>> parse_relations(std::string_view text) {
  std::vector<std::vector<std::string>> out;
  for (const std::string_view group : split(text, ',')) {
    std::vector<std::string> alternatives;
    for (const std::string_view one : split(group, '|')) {
      const std::string_view word = trim(one);
      alternatives.emplace_back(word.substr(0, word.find_first_of(" (:")));
    }
    if (!alternatives.front().empty()) out.push_back(std::move(alternatives));
  }
  return out;
}

void append(std::vector<std::vector<std::string>>& all, std::vector<std::vector<std::string>> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

/// Of the alternatives, the installed one; empty when none is (dpkg was forced, or it is of another
/// architecture).
std::string choose(const PackageDatabase& database, const std::vector<std::string>& alternatives) {
  for (const std::string& name : alternatives) {
    if (database.packages.contains(name)) return name;
    if (const auto provider = database.providers.find(name); provider != database.providers.end())
      return provider->second;
  }
  return {};
}

}  // namespace

PackageDatabase parse_dpkg_status(const std::string& text) {
  PackageDatabase out;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find("\n\n", at), text.size());
    std::string name;
    InstalledPackage package;
    std::vector<std::vector<std::string>> provides;
    bool installed = false;
    for (const std::string_view line : split(std::string_view(text).substr(at, end - at), '\n')) {
      const size_t colon = line.find(':');
      if (colon == std::string_view::npos || line.front() == ' ') continue;
      const std::string_view key = line.substr(0, colon), value = trim(line.substr(colon + 1));
      if (key == "Package") name = value;
      if (key == "Status") installed = value.ends_with(" ok installed");
      if (key == "Version") package.version = value;
      if (key == "Architecture") package.architecture = value;
      if (key == "Depends" || key == "Pre-Depends") append(package.depends, parse_relations(value));
      if (key == "Provides") provides = parse_relations(value);
    }
    if (installed && !name.empty()) {
      for (const auto& provided : provides) out.providers.emplace(provided.front(), name);
      out.packages.emplace(name, std::move(package));
    }
    at = end + 2;
  }
  return out;
}

Result<std::set<std::string>> package_closure(const PackageDatabase& database,
                                              const std::vector<std::string>& roots) {
  std::vector<std::string> missing, open = roots;
  for (const std::string& root : roots)
    if (!database.packages.contains(root)) missing.push_back(root);
  if (!missing.empty())
    return Error{Kind::not_found, fmt::format("packages are not installed: {}", fmt::join(missing, " "))};
  std::set<std::string> closure(roots.begin(), roots.end());
  while (!open.empty()) {
    const InstalledPackage package = database.packages.at(open.back());
    open.pop_back();
    for (const auto& alternatives : package.depends) {
      const std::string chosen = choose(database, alternatives);
      if (!chosen.empty() && closure.insert(chosen).second) open.push_back(chosen);
    }
  }
  return closure;
}

}  // namespace spillway::lab
