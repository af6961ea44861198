#pragma once
#include <string>
#include <vector>

#include "config/partitions.h"
#include "slurm/conf_writer.h"

// Slurm's side of the site: spillway.conf, and the one line of slurm.conf that includes it.
namespace spillway::site {

struct SlurmFiles {
  std::string slurm_conf, spillway_conf;
  bool operator==(const SlurmFiles&) const = default;
};

struct SlurmWish {
  config::Partitions partitions;
  slurm::SlurmPart part;
  std::string site_prolog;  // PrologSlurmctld that ours calls first (fleet.site_prolog)
};

/// What the two files must be, from what slurm.conf is; a pure function, and its own result changes nothing
/// more. Lines of slurm.conf that ours replace are kept as comments; SlurmctldParameters and PrivateData take
/// the site's words along. Before 22.05 our part stands in slurm.conf itself, between markers, for configless
/// ships no included files.
/// Errors: invalid (SPW-SITE-016: a PrologSlurmctld that nobody would call any more; -017: a node or
/// partition of ours is the site's already).
Result<SlurmFiles> slurm_files(std::string_view slurm_conf, SlurmWish wish);

/// slurm.conf without our part, as `destroy` leaves it.
std::string without_spillway(std::string_view slurm_conf);

/// A line-by-line difference, "-" and "+" before what goes and comes, three lines around it.
std::string line_difference(std::string_view before, std::string_view after);

}  // namespace spillway::site
