#pragma once
#include <vector>

#include "base/command.h"

namespace spillway::staging {

/// `data status` and `data resume`, of copies that this user began with `data sync` on this machine.
std::vector<Command> transfer_commands();

}  // namespace spillway::staging
