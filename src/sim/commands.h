#pragma once
#include <vector>

#include "base/command.h"

namespace spillway::sim {

/// The one command of spillway-sim.
std::vector<Command> commands();

}  // namespace spillway::sim
