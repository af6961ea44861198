#pragma once
#include <vector>

#include "base/command.h"
#include "config/site.h"

namespace spillway::slurm {

/// `config validate|show|schema|slurm|export` and `init`. `sections` are those of spillway.yaml that other
/// rooms describe: their values are shown and checked, and kept by nobody here, so each may describe a struct
/// of its own.
std::vector<Command> config_commands(std::vector<config::Section> sections);

/// Plugin v2's generate_conf: writes slurm.conf.aws and gres.conf.aws into `folder`, both or, on an error of
/// the second, neither. Errors: invalid (SPW-SLURM-018), denied, io.
Result<void> generate_conf(const config::Site& site, const std::filesystem::path& folder);

/// config.json of plugin v2 for a site that has spillway.yaml; its own when it came from one.
Json exported_config(const config::Site& site);

}  // namespace spillway::slurm
