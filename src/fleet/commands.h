#pragma once
#include <vector>

#include "base/command.h"

namespace spillway::fleet {

/// daemon, reconcile, status, node ls, node show, node reset.
std::vector<Command> commands();

}  // namespace spillway::fleet
