#pragma once
#include <string>
#include <vector>

#include "base/error.h"
#include "base/subprocess.h"
#include "lab/control.h"

namespace spillway::lab {

/// A command for one of the lab's machines.
struct Visit {
  std::string host;               // hosts(), or "" with `machine` set
  pid_t machine = 0;              // an instance's init, as the sandbox sees it
  std::string user;               // who runs it there
  std::vector<std::string> argv;  // found by PATH there
};

/// Runs it there with this process's stdin, stdout and stderr and, where it can be entered, its current
/// folder. Returns the command's exit code (128 + signal). Changes the namespaces of this process for good.
/// Errors: SPW-LAB-007, SPW-LAB-010.
Result<int> visit(const LabHandle& lab, const Visit& visit);

/// The same from a child, without standard input; gathers the output. This process stays where it is.
/// Errors: also timeout (the command was killed).
Result<Finished> capture(const LabHandle& lab, const Visit& visit, Deadline deadline);

}  // namespace spillway::lab
