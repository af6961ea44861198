#pragma once
#include <filesystem>
#include <string>

#include "base/error.h"
#include "config/partitions.h"
#include "config/plugin_v2.h"
#include "slurm/controller.h"

namespace spillway::slurm {

/// The nodes and partitions of slurm.conf: for each partition its NodeName lines and its PartitionName line.
/// An operator's MaxTime or State replaces the default (plugin v2 wrote both).
std::string node_lines(const config::Partitions& partitions);

/// Plugin v2's slurm.conf.aws: SlurmConf as it stands in config.json, an empty line, node_lines().
std::string slurm_conf_aws(const config::PluginConfig& config, const config::Partitions& partitions);

/// Plugin v2's gres.conf.aws; empty when no group has a Gres. Errors: invalid (SPW-SLURM-018: a Gres that is
/// not name:count or name:type:count).
Result<std::string> gres_conf_aws(const config::Partitions& partitions);

/// What Spillway's own part of slurm.conf depends on.
struct SlurmPart {
  std::filesystem::path hooks =
      "/usr/libexec/spillway";  // folder of resume, suspend, resume-fail, prolog-slurmctld
  Version version{22, 5};
  int resume_timeout_s = 300;
  int suspend_timeout_s = 60;
  int suspend_time_s = 400;  // ≥ the two above together, or a node is called for again while it goes
  int slurmd_timeout_s = 0;  // 0: slurm.conf's own
  // What slurm.conf says itself: of each such parameter one line counts, so ours takes the site's words
  // along.
  std::vector<std::string> controller_parameters, private_data;
  std::string billing_weights;    // TRESBillingWeights of partitions that say none; empty: Slurm's own
  std::string suspend_exc_nodes;  // nodes that are never powered down, as a hostlist; empty: it is only said
};

/// The part of slurm.conf that `Include spillway.conf` adds: hooks, power saving, nodes and partitions, for
/// the given version of Slurm, with the reasons as comments.
std::string spillway_conf(const config::Partitions& partitions, const SlurmPart& part);

}  // namespace spillway::slurm
