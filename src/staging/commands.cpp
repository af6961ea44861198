#include "staging/commands.h"

#include "staging/sync_command.h"
#include "staging/transfer_commands.h"
#include "staging/verify_command.h"

namespace spillway::staging {

std::vector<Command> commands() {
  std::vector<Command> all = {sync_command(), verify_command()};
  for (Command& command : transfer_commands()) all.push_back(std::move(command));
  return all;
}

}  // namespace spillway::staging
