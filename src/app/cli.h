#pragma once
#include <string>
#include <vector>

#include "base/command.h"

namespace spillway::app {

/// Parses the command line by the commands' own descriptions, runs the chosen one, prints its error if it
/// fails, and returns the exit code as the manual lists them. "help", "--help" and "--version" are answered
/// here.
int run_command_line(const std::string& program, const std::vector<Command>& commands,
                     const std::vector<std::string>& arguments);

}  // namespace spillway::app
