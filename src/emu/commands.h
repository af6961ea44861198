#pragma once
#include <vector>

#include "base/command.h"

namespace spillway::emu {

/// lab aws.
std::vector<Command> commands();

}  // namespace spillway::emu
