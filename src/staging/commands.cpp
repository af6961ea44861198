#include "staging/commands.h"

#include "staging/sync_command.h"

namespace spillway::staging {

std::vector<Command> commands() {
  return {sync_command()};
}

}  // namespace spillway::staging
