#include <fmt/core.h>

#include <exception>
#include <vector>

#include "app/cli.h"
#include "sim/commands.h"

int main(int argc, char** argv) {
  using namespace spillway;
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool asks_for_help = !arguments.empty() && (arguments[0] == "help" || arguments[0] == "--help" ||
                                                    arguments[0] == "-h" || arguments[0] == "--version");
  if (!asks_for_help && (arguments.empty() || arguments[0] != "run"))
    arguments.insert(arguments.begin(), "run");  // its one command
  try {
    return app::run_command_line("spillway-sim", sim::commands(), arguments);
  } catch (const std::exception& defect) {
    const Error error{Kind::internal, fmt::format("a defect: {}", defect.what())};
    fmt::print(stderr, "{}\n", to_string(error));
    return exit_code(error);
  }
}
