#pragma once
#include <vector>

#include "base/command.h"
#include "lab/layout.h"

namespace spillway::lab {

/// lab up, demo, status, exec, down.
std::vector<Command> commands();

/// The settings of a lab that this command line asks for. Errors: invalid.
Result<Settings> settings_of(const Invocation& invocation);

}  // namespace spillway::lab
