#pragma once
#include <string>
#include <vector>

#include "base/command.h"

namespace spillway::app {

/// The list of rooms: every command of `spillway`.
std::vector<Command> commands();
/// The site's own PrologSlurmctld from the configuration; empty when there is none.
std::string site_prolog();

}  // namespace spillway::app
