#pragma once
#include <vector>

#include "base/command.h"

namespace spillway::site {

/// plan, apply and destroy.
std::vector<Command> commands();

}  // namespace spillway::site
