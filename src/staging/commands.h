#pragma once
#include <vector>

#include "base/command.h"

namespace spillway::staging {

/// The verb `data`; each subcommand has a file of its own, named after it.
std::vector<Command> commands();

}  // namespace spillway::staging
