#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/partitions.h"

namespace spillway::config {

/// Plugin v2's config.json.
struct PluginConfig {
  std::string log_level = "DEBUG";  // CRITICAL, ERROR, WARNING, INFO or DEBUG
  std::filesystem::path log_file;   // <folder>/aws_plugin.log by default
  std::string slurm_bin;            // SlurmBinPath, without a final slash
  KeyValues slurm_conf;             // SlurmConf, in the file's order
  std::vector<std::string> warnings;

  /// A value of SlurmConf by key in any case; empty when absent.
  std::string slurm_setting(std::string_view key) const;
};

/// Reads config.json, which was found in `folder`: the plugin's checks are errors; values that Slurm would
/// refuse or that contradict each other are warnings. `name` stands in messages. Errors: invalid
/// (SPW-CONFIG-005 with every wrong key).
Result<PluginConfig> parse_plugin_config(const Json& document, const std::filesystem::path& folder,
                                         std::string_view name);

}  // namespace spillway::config
