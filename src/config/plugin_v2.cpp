#include "config/plugin_v2.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/json_reader.h"

namespace spillway::config {
namespace {

constexpr Code kWrong{"SPW-CONFIG-005", "config.json is plugin v2's format; its checks apply",
                      "correct the keys named above; spillway config validate checks again"};
constexpr auto kRequired =
    std::to_array<std::string_view>({"PrivateData", "ResumeProgram", "SuspendProgram", "ResumeRate",
                                     "SuspendRate", "ResumeTimeout", "SuspendTime", "TreeWidth"});
const std::vector<std::string> kLogLevels{"CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"};

/// Seconds of a setting; nothing when it is absent, -1, INFINITE or no number.
std::optional<int64_t> seconds(const PluginConfig& config, std::string_view key) {
  const auto number = parse_int(config.slurm_setting(key));
  return number && *number >= 0 ? number : std::nullopt;
}

void warn_of_odd_values(const PluginConfig& config, std::vector<Warning>& warnings) {
  const auto warn = [&](std::string_view key, std::string what, std::string fix) {
    warnings.push_back({fmt::format("SlurmConf.{}", key), std::move(what), std::move(fix)});
  };
  for (const std::string_view key :
       {"ResumeRate", "SuspendRate", "ResumeTimeout", "SuspendTime", "SuspendTimeout", "TreeWidth"}) {
    const std::string value = config.slurm_setting(key);
    if (!value.empty() && !parse_int(value) && !equal_ignoring_case(value, "INFINITE"))
      warn(key, fmt::format("{} is no number", in_quotes(value)), "Slurm takes a whole number here");
  }
  if (const std::string data = config.slurm_setting("PrivateData"); to_lower(data).find("cloud") == data.npos)
    warn("PrivateData", "without CLOUD, sinfo does not show powered-down cloud nodes", "PrivateData=CLOUD");
  for (const std::string_view key : {"ResumeProgram", "SuspendProgram"})
    if (const std::string path = config.slurm_setting(key); !path.empty() && path[0] != '/')
      warn(key, fmt::format("{} is no absolute path: slurmctld has no PATH for it", in_quotes(path)),
           "write the absolute path");
  const auto idle = seconds(config, "SuspendTime"), resume = seconds(config, "ResumeTimeout");
  const int64_t suspend = seconds(config, "SuspendTimeout").value_or(30);  // Slurm's default
  if (idle && resume && *idle < suspend + *resume)
    warn("SuspendTime",
         fmt::format("{} s is less than SuspendTimeout {} s + ResumeTimeout {} s: a node may be called for "
                     "again while "
                     "it is still being given back",
                     *idle, suspend, *resume),
         fmt::format("SuspendTime={} or more", suspend + *resume));
}

}  // namespace

std::string PluginConfig::slurm_setting(std::string_view key) const {
  for (const auto& [name, value] : slurm_conf)
    if (equal_ignoring_case(name, key)) return value;
  return {};
}

Result<PluginConfig> parse_plugin_config(const Json& document, const std::filesystem::path& folder,
                                         std::string_view name) {
  JsonReader::Notes notes;
  JsonReader reader(document, "", notes);
  PluginConfig config;
  if (const std::string level = reader.text("LogLevel", false); !level.empty()) {
    config.log_level = level;
    if (std::find(kLogLevels.begin(), kLogLevels.end(), level) == kLogLevels.end())
      reader.problem("LogLevel",
                     fmt::format("want one of {}, found {}", fmt::join(kLogLevels, ", "), in_quotes(level)));
  }
  const std::string log_file = reader.text("LogFileName", false);
  config.log_file = log_file.empty() ? folder / "aws_plugin.log" : folder / log_file;
  config.slurm_bin = reader.text("SlurmBinPath", true);
  while (config.slurm_bin.size() > 1 && config.slurm_bin.ends_with('/')) config.slurm_bin.pop_back();
  if (!config.slurm_bin.empty() && config.slurm_bin[0] != '/')
    reader.problem("SlurmBinPath",
                   fmt::format("want an absolute folder, found {}", in_quotes(config.slurm_bin)));
  config.slurm_conf = reader.key_values("SlurmConf", true);
  if (reader.has("SlurmConf"))
    for (const std::string_view key : kRequired)
      if (config.slurm_setting(key).empty()) reader.problem("SlurmConf", fmt::format("{} is missing", key));
  reader.warn_of_others();
  if (!notes.problems.empty()) {
    std::string all;
    for (const std::string& problem : notes.problems)
      all += fmt::format("{}{}: {}", all.empty() ? "" : "\n  ", name, problem);
    return Error{Kind::invalid, kWrong, std::move(all)};
  }
  warn_of_odd_values(config, notes.warnings);
  for (const Warning& warning : notes.warnings)
    config.warnings.push_back(fmt::format("{}: {}", name, to_string(warning)));
  return config;
}

}  // namespace spillway::config
