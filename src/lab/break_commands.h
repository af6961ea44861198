#pragma once
#include <vector>

#include "base/command.h"

namespace spillway::lab {

/// lab break, heal.
std::vector<Command> break_commands();

}  // namespace spillway::lab
