#include <fmt/core.h>

#include <exception>
#include <vector>

#include "app/cli.h"
#include "emu/commands.h"
#include "lab/commands.h"

int main(int argc, char** argv) {
  using namespace spillway;
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] != "lab" && !arguments[0].starts_with('-') && arguments[0] != "help")
    arguments.insert(arguments.begin(), "lab");
  try {
    std::vector<Command> commands = lab::commands();
    for (Command& command : emu::commands()) commands.push_back(std::move(command));
    return app::run_command_line("spillway", std::move(commands), arguments);
  } catch (const std::exception& defect) {
    const Error error{Kind::internal, fmt::format("a defect: {}", defect.what())};
    fmt::print(stderr, "{}\n", to_string(error));
    return exit_code(error);
  }
}
