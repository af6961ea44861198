#pragma once
#include <vector>

#include "base/command.h"

namespace spillway::insight {

/// doctor.
std::vector<Command> commands();

}  // namespace spillway::insight
