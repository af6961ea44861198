#include "site/slurm_files.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace spillway::site {
namespace {

constexpr Code kForeignProlog{
    "SPW-SITE-016", "Slurm runs one PrologSlurmctld, and Spillway's must be it: it starts batch jobs at once",
    "say fleet.site_prolog in spillway.yaml, and it is run first"};
constexpr Code kForeignNodes{"SPW-SITE-017", "slurmctld dies on a node or partition that is defined twice",
                             "take it out of slurm.conf, or give it another name in partitions.json"};

constexpr std::string_view kBegin = "# >>> spillway: written by `spillway apply`; changes here are lost";
constexpr std::string_view kEnd = "# <<< spillway";
constexpr std::string_view kReplaced = "#spillway# ";  // before a line of the site's that ours replaces
constexpr std::string_view kOurs[] = {
    "ResumeProgram",   "SuspendProgram", "ResumeFailProgram",  "PrologSlurmctld", "SuspendTime",
    "SuspendTimeout",  "ResumeTimeout",  "ResumeRate",         "SuspendRate",     "PrivateData",
    "ReturnToService", "TreeWidth",      "SlurmctldParameters"};

struct Setting {
  std::string key, value;
};

/// The parameter that begins a line; an empty key for comments and the like.
Setting setting_in(std::string_view line) {
  line = trim(line.substr(0, line.find('#')));
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) return {};
  std::string_view value = trim(line.substr(equals + 1));
  return {std::string(trim(line.substr(0, equals))), std::string(value)};
}

std::string_view first_word(std::string_view value) {
  return value.substr(0, value.find_first_of(" \t"));
}

bool is_replaced(const Setting& setting, const slurm::SlurmPart& part) {
  if (part.slurmd_timeout_s > 0 && equal_ignoring_case(setting.key, "SlurmdTimeout")) return true;
  if (!part.suspend_exc_nodes.empty() && equal_ignoring_case(setting.key, "SuspendExcNodes")) return true;
  return std::any_of(std::begin(kOurs), std::end(kOurs),
                     [&](std::string_view own) { return equal_ignoring_case(setting.key, own); });
}

std::vector<std::string> words(std::string_view list) {
  std::vector<std::string> out;
  for (const std::string_view word : split(list, ','))
    if (!trim(word).empty()) out.emplace_back(trim(word));
  return out;
}

/// What the site's line says that ours must say too.
Result<void> take_along(const Setting& setting, SlurmWish& wish) {
  if (equal_ignoring_case(setting.key, "SlurmctldParameters"))
    wish.part.controller_parameters = words(setting.value);
  if (equal_ignoring_case(setting.key, "PrivateData")) wish.part.private_data = words(setting.value);
  if (equal_ignoring_case(setting.key, "PrologSlurmctld") && setting.value != wish.site_prolog &&
      setting.value != (wish.part.hooks / "prolog-slurmctld").string())
    return Error{Kind::invalid, kForeignProlog,
                 fmt::format("slurm.conf has PrologSlurmctld={}", setting.value)};
  return {};
}

Result<void> refuse_foreign(const Setting& setting, const SlurmWish& wish) {
  for (const config::Partition& partition : wish.partitions.partitions) {
    if (equal_ignoring_case(setting.key, "PartitionName") && first_word(setting.value) == partition.name)
      return Error{Kind::invalid, kForeignNodes,
                   fmt::format("slurm.conf has the partition {}", partition.name)};
    for (const config::NodeGroup& group : partition.groups)
      if (equal_ignoring_case(setting.key, "NodeName") &&
          first_word(setting.value).starts_with(group.prefix()))
        return Error{Kind::invalid, kForeignNodes, fmt::format("slurm.conf has nodes {}…", group.prefix())};
  }
  return {};
}

}  // namespace

std::string without_spillway(std::string_view slurm_conf) {
  std::string out;
  bool inside = false;
  if (slurm_conf.ends_with('\n')) slurm_conf.remove_suffix(1);
  if (slurm_conf.empty()) return out;
  for (std::string_view line : split(slurm_conf, '\n')) {
    if (line == kBegin) inside = true;
    if (!inside) {
      if (line.starts_with(kReplaced)) line.remove_prefix(kReplaced.size());
      out += fmt::format("{}\n", line);
    }
    if (line == kEnd) inside = false;
  }
  return out;
}

Result<SlurmFiles> slurm_files(std::string_view slurm_conf, SlurmWish wish) {
  SlurmFiles out;
  std::string own = without_spillway(slurm_conf);
  if (own.ends_with('\n')) own.pop_back();
  for (const std::string_view line : split(own, '\n')) {
    const Setting setting = setting_in(line);
    TRY(refuse_foreign(setting, wish));
    if (is_replaced(setting, wish.part)) {
      TRY(take_along(setting, wish));
      out.slurm_conf += kReplaced;
    }
    out.slurm_conf += fmt::format("{}\n", line);
  }
  out.spillway_conf = slurm::spillway_conf(wish.partitions, wish.part);
  const bool configless_ships_includes = wish.part.version >= slurm::Version{22, 5};
  out.slurm_conf += fmt::format(
      "{}\n{}{}\n", kBegin,
      configless_ships_includes ? std::string("Include spillway.conf\n") : out.spillway_conf, kEnd);
  if (!configless_ships_includes) out.spillway_conf.clear();
  return out;
}

std::string line_difference(std::string_view before, std::string_view after) {
  const auto lines = [](std::string_view text) {
    std::vector<std::string_view> out = split(text, '\n');
    if (!out.empty() && out.back().empty()) out.pop_back();
    return out;
  };
  const auto a = lines(before), b = lines(after);
  // The longest common subsequence, by length from each pair of places to the ends.
  std::vector<std::vector<unsigned>> common(a.size() + 1, std::vector<unsigned>(b.size() + 1));
  for (size_t i = a.size(); i-- > 0;)
    for (size_t j = b.size(); j-- > 0;)
      common[i][j] = a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
  std::vector<std::pair<char, std::string_view>> all;
  for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (i < a.size() && j < b.size() && a[i] == b[j])
      all.emplace_back(' ', a[i]), ++i, ++j;
    else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1]))
      all.emplace_back('-', a[i++]);
    else
      all.emplace_back('+', b[j++]);
  }
  std::string out;
  constexpr size_t kAround = 2;
  for (size_t i = 0; i < all.size(); ++i) {
    bool near = false;
    for (size_t k = i > kAround ? i - kAround : 0; k < std::min(all.size(), i + kAround + 1); ++k)
      near = near || all[k].first != ' ';
    if (near) out += fmt::format("{} {}\n", all[i].first, all[i].second);
  }
  return out;
}

}  // namespace spillway::site
