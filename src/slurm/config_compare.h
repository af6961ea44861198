#pragma once
#include <map>
#include <string>
#include <vector>

#include "config/site.h"

namespace spillway::slurm {

/// In what the running slurmctld (`scontrol show config`) differs from what the site's configuration wants:
/// plugin v2's SlurmConf value by value, or the hooks and timeouts that Spillway needs. A line each.
std::vector<std::string> differences(const config::Site& site,
                                     const std::map<std::string, std::string>& running);

}  // namespace spillway::slurm
