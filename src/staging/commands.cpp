#include "staging/commands.h"

#include "staging/stage_commands.h"
#include "staging/sync_command.h"
#include "staging/transfer_commands.h"
#include "staging/verify_command.h"

namespace spillway::staging {
namespace {

/// `data status` tells of this user's copies; with a job, of that job's data.
void give_jobs(Command& status) {
  status.positionals = {{"JOB", "A job's data: 4711, or 40_3 of an array.", false}};
  status.description +=
      "\nWith a job: where each of its inputs and results is, and what is LOST (exit code 8).";
  status.examples.push_back({"spillway data status 4711", "A job's data."});
  status.run = [copies = status.run](const Invocation& asked) -> Result<int> {
    return asked.arguments.empty() ? copies(asked) : show_job(asked, asked.arguments[0]);
  };
}

}  // namespace

std::vector<Command> commands() {
  std::vector<Command> all = {sync_command(), verify_command(), stage_run_command(), stage_hooks_command()};
  for (const auto& some : {transfer_commands(), stage_commands(), stage_node_commands()})
    all.insert(all.end(), some.begin(), some.end());
  for (Command& command : all)
    if (command.path == "data status") give_jobs(command);
  return all;
}

}  // namespace spillway::staging
