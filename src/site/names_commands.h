#pragma once
#include <vector>

#include "base/command.h"

namespace spillway::site {

/// dns config.
std::vector<Command> names_commands();

}  // namespace spillway::site
