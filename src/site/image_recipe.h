#pragma once
#include <string>

#include "base/error.h"

namespace spillway::site {

/// What share/image/prepare.sh is told.
struct RecipeValues {
  std::string slurm_version;               // "22.05", of the controller
  std::string slurm_source, slurm_sha256;  // of SchedMD's archive; empty: the distribution's packages
  bool builder = false;                    // its end is told on the console, and the machine powers off
};

/// The recipe with the values filled in, for Packer or as user-data of a builder. Errors: invalid
/// (SPW-SITE-021: a value that does not fit, for it would become part of a script that runs as root).
Result<std::string> render_recipe(const RecipeValues& values);

/// What the recipe wrote to the console so far.
struct RecipeVerdict {
  enum class State { unknown, done, failed } state = State::unknown;
  std::string step;  // the last one that it began
  std::string what;  // "slurm 22.05.8", or why it failed, with the end of its log
};
RecipeVerdict verdict_in(std::string_view console);

}  // namespace spillway::site
