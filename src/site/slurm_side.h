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
/// Tries the files, installs them, restarts slurmctld. Errors: as try_slurm_files and install_slurm_files.
Result<void> bring_about(const SlurmSide& side, slurm::Controller& slurm);

}  // namespace spillway::site
