#pragma once
#include <optional>

#include "site/gather.h"
#include "site/slurm_install.h"

namespace spillway::site {

/// Slurm's side of a plan: its files as they are and as they must be.
struct SlurmSide {
  SlurmHost host;
  SlurmFiles now, wanted;
  bool changes() const { return !(now == wanted); }
  /// What goes and comes in both files, for people.
  std::string difference() const;
};

/// Nothing when slurm.conf is not kept by apply (site.slurm_restart is empty). Errors: those of slurm_files
/// and of the controller, which tells its version and the nodes that must stay on.
Result<std::optional<SlurmSide>> look_at_slurm(const Gathered& gathered, slurm::Controller& slurm);
/// Slurm's side as destroy leaves it: slurm.conf without our part, and no spillway.conf. Nothing when apply
/// does not keep it.
Result<std::optional<SlurmSide>> slurm_without_us(const Gathered& gathered);
/// SlurmdTimeout in seconds, 300 where slurm.conf says none: so long may the tunnel be down before slurmctld
/// gives cloud nodes, and their jobs, up. 0: for ever.
int64_t slurmd_timeout_s(const Gathered& gathered, const std::optional<SlurmSide>& side);
/// The same as a line of the plan; empty without a tunnel.
std::string outage_text(const Gathered& gathered, int64_t slurmd_timeout_s);
/// Tries the files, installs them, restarts slurmctld. Errors: as try_slurm_files and install_slurm_files.
Result<void> bring_about(const SlurmSide& side, slurm::Controller& slurm);

}  // namespace spillway::site
