#include "slurm/config_compare.h"

#include <fmt/format.h>

#include <optional>

#include "base/text.h"

namespace spillway::slurm {
namespace {

using Running = std::map<std::string, std::string>;

std::optional<std::string> value_of(const Running& running, std::string_view key) {
  for (const auto& [name, value] : running)
    if (equal_ignoring_case(name, key)) return value;
  return std::nullopt;
}

/// "300 sec" and "100 per min" as the number alone; words in small letters.
std::string normal(std::string_view value) {
  const std::string_view first = value.substr(0, value.find(' '));
  return parse_int(first) ? std::string(first) : to_lower(value);
}

std::optional<int64_t> seconds(const Running& running, std::string_view key) {
  const auto value = value_of(running, key);
  return value ? parse_int(normal(*value)) : std::nullopt;
}

void compare_plugin(const config::Site& site, const Running& running, std::vector<std::string>& out) {
  for (const auto& [key, wanted] : site.plugin.slurm_conf) {
    const auto found = value_of(running, key);
    if (!found)
      out.push_back(
          fmt::format("SlurmConf.{}: the running Slurm has no such setting; check its spelling", key));
    else if (normal(*found) != normal(wanted))
      out.push_back(
          fmt::format("SlurmConf.{}: slurmctld runs with {}, config.json says {}; take slurm.conf.aws into "
                      "slurm.conf and restart slurmctld",
                      key, in_quotes(*found), in_quotes(wanted)));
  }
}

void compare_hooks(const Running& running, std::vector<std::string>& out) {
  for (const char* hook : {"ResumeProgram", "SuspendProgram", "ResumeFailProgram", "PrologSlurmctld"}) {
    const auto found = value_of(running, hook);
    if (!found || found->empty() || *found == "(null)")
      out.push_back(
          fmt::format("slurm.conf has no {}; take the part that spillway config slurm prints", hook));
  }
}

}  // namespace

std::vector<std::string> differences(const config::Site& site, const Running& running) {
  std::vector<std::string> out;
  if (site.plugin_v2)
    compare_plugin(site, running, out);
  else
    compare_hooks(running, out);
  const auto idle = seconds(running, "SuspendTime");
  const auto suspend = seconds(running, "SuspendTimeout"), resume = seconds(running, "ResumeTimeout");
  if (idle && suspend && resume && *idle >= 0 && *idle < *suspend + *resume)
    out.push_back(
        fmt::format("SuspendTime {} s is less than SuspendTimeout {} s + ResumeTimeout {} s; set it to {} or "
                    "more",
                    *idle, *suspend, *resume, *suspend + *resume));
  return out;
}

}  // namespace spillway::slurm
