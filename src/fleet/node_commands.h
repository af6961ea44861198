#pragma once
#include <vector>

#include "base/command.h"
#include "fleet/journal.h"

namespace spillway::fleet {

/// `node ls`, `show`, `reset`, `drain`.
std::vector<Command> node_commands();

/// The journal of the cluster that --config names, to be read. Errors: not_found (SPW-FLEET-008: none yet).
Result<Journal> journal_to_read(const Invocation& asked);

}  // namespace spillway::fleet
