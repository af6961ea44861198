#pragma once
#include <string>

#include "lab/slurm_files.h"
#include "lab/workbench.h"

namespace spillway::lab {

// The lab's other kind of site: one that runs AWS Plugin for Slurm v2 today and puts Spillway in its
// programs' place. Nothing of spillway.yaml, launch documents or released secrets is there.

/// Where such a site keeps config.json, partitions.json and the programs.
inline constexpr const char* kPluginFolder = "/etc/slurm/aws";

/// Plugin v2's config.json. With a daemon, PrologSlurmctld is there to spare batch jobs their wait for
/// slurmctld's next look.
std::string render_plugin_config(bool daemon);

/// The user-data of such a site's launch template, made by the site: the instance takes its node's name from
/// its Name tag, as the plugin's manual tells. `munge_key` stands for what sites bake into their image.
std::string render_plugin_user_data(const std::string& munge_key);

/// The folder with config.json, partitions.json and links with the plugin's program names.
Result<void> install_plugin_site(const Workbench& bench, const ClusterFacts& cluster);

/// Runs the site's generate_conf.py; returns the slurm.conf.aws that it wrote.
Result<std::string> generate_plugin_conf(const Workbench& bench);

}  // namespace spillway::lab
