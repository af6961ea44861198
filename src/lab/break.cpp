#include "lab/break.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "lab/errors.h"

namespace spillway::lab {

const std::vector<Breakage>& breakages() {
  static const std::vector<Breakage> kAll = [] {
    std::vector<Breakage> all = aws_breakages();
    for (const auto* more : {&network_breakages(), &names_breakages()})
      all.insert(all.end(), more->begin(), more->end());
    return all;
  }();
  return kAll;
}

bool needs_target(const Breakage& breakage) {
  return breakage.aim == Aim::required || breakage.aim == Aim::node || breakage.aim == Aim::name;
}

std::string written(const Breakage& breakage) {
  if (breakage.takes.empty()) return std::string(breakage.name);
  return needs_target(breakage) ? fmt::format("{} {}", breakage.name, breakage.takes)
                                : fmt::format("{} [{}]", breakage.name, breakage.takes);
}

std::string breakages_markdown() {
  std::string out = "| `lab break` | rows | what is broken |\n|---|---|---|\n";
  for (const Breakage& each : breakages())
    out += fmt::format("| `{}` | {} | {} |\n", written(each), each.rows, each.summary);
  return out;
}

Result<const Breakage*> find_breakage(const std::string& name) {
  std::vector<std::string> known;
  for (const Breakage& each : breakages()) {
    if (each.name == name) return &each;
    known.emplace_back(each.name);
  }
  Error error{Kind::not_found, kNoSuchBreak, fmt::format("cannot break {}", in_quotes(name))};
  std::vector<std::string> near;  // the nearest, and what begins or ends like it
  if (const auto first = nearest(name, known)) near.push_back(*first);
  for (const std::string& each : known)
    if (name.size() > 2 && (each.starts_with(name) || each.find("-" + name) != std::string::npos) &&
        std::find(near.begin(), near.end(), each) == near.end())
      near.push_back(each);
  if (near.empty()) return error;
  return std::move(error).fixed_by(fmt::format("did you mean {}?", fmt::join(near, ", ")));
}

Result<void> check_target(const Breakage& breakage, const std::string& target) {
  if (target.empty() && needs_target(breakage))
    return Error{Kind::invalid, kBadTarget, fmt::format("{} needs {}", breakage.name, breakage.takes)};
  if (!target.empty() && breakage.aim == Aim::nothing)
    return Error{Kind::invalid, kBadTarget,
                 fmt::format("{} takes no target, found {}", breakage.name, in_quotes(target))};
  // Some of these become part of a script.
  const bool named =
      breakage.aim == Aim::node || breakage.aim == Aim::name || breakage.aim == Aim::optional_node;
  const auto harmless = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.';
  };
  if (named && !std::all_of(target.begin(), target.end(), harmless))
    return Error{Kind::invalid, kBadTarget, fmt::format("{} is no node's name", in_quotes(target))};
  return {};
}

Step shell(const std::string& host, const std::string& script) {
  return {.host = host, .argv = {"/usr/bin/sh", "-ec", script}, .input = ""};
}

Damage filtered(const std::string& host, const std::string& table, const std::string& chain) {
  const auto nft = [&](const std::string& rules) {
    return Step{.host = host, .argv = {"/usr/sbin/nft", "-f", "-"}, .input = rules};
  };
  Damage damage;
  damage.cut = {nft("table inet " + table + " { chain c { type filter hook " + chain + "; }; }\n")};
  damage.mend = {nft("table inet " + table + "\ndelete table inet " + table + "\n")};
  return damage;
}

Damage edited(const std::string& host, const std::string& file, const std::string& expression) {
  std::string kept = file;
  std::replace(kept.begin(), kept.end(), '/', '_');
  kept = "/run/lab/kept" + kept;
  Damage damage;
  damage.cut = {shell(host, fmt::format("cp -p {0} {1}; sed -i '{2}' {0}; chown --reference={1} {0}; "
                                        "if cmp -s {0} {1}; then exit 1; fi",
                                        file, kept, expression))};
  damage.mend = {shell(host, fmt::format("[ ! -e {1} ] || {{ cp -p {1} {0}; rm {1}; }}", file, kept))};
  return damage;
}

}  // namespace spillway::lab
