#pragma once
#include <filesystem>
#include <functional>

#include "base/subprocess.h"
#include "site/slurm_files.h"
#include "slurm/controller.h"

namespace spillway::site {

/// Where Slurm's files are, and how slurmctld is restarted.
struct SlurmHost {
  std::filesystem::path slurm_conf;
  std::filesystem::path slurmctld = "/usr/sbin/slurmctld";
  std::vector<std::string> restart;        // argv that restarts slurmctld
  std::vector<std::string> restart_nodes;  // argv that restarts the slurmds; empty: it is only said
  std::filesystem::path spillway_conf() const { return slurm_conf.parent_path() / "spillway.conf"; }
};

/// The value of a parameter in slurm.conf, or `otherwise`.
std::string setting_in_conf(std::string_view conf, std::string_view name, std::string otherwise);

/// The files as they are; an absent spillway.conf is empty. Errors: not_found (no slurm.conf), denied, io.
Result<SlurmFiles> read_slurm_files(const SlurmHost& host);

/// Lets a second slurmctld read `files` with a copy of the state, in a network of its own, where it reaches
/// nobody and launches nothing: a bad partition line kills slurmctld 22.05 instead of being refused. Needs
/// root. Errors: invalid (SPW-SITE-018, with the end of its log), denied, io.
Result<void> try_slurm_files(const SlurmHost& host, const SlurmFiles& files, Runner& runner);

/// Puts the files in place, the old slurm.conf kept beside as slurm.conf.spillway-<time>, restarts slurmctld
/// and waits for its answer. When it does not answer, everything is put back and slurmctld restarted once
/// more. Errors: unavailable (SPW-SITE-019: rolled back), denied, io.
Result<void> install_slurm_files(const SlurmHost& host, const SlurmFiles& files, slurm::Controller& slurm,
                                 Runner& runner, Clock& clock);

}  // namespace spillway::site
