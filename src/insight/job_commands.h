#pragma once
#include <vector>

#include "base/command.h"

namespace spillway::insight {

/// `job explain`.
std::vector<Command> job_commands();

}  // namespace spillway::insight
