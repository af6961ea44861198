#pragma once
#include <vector>

#include "base/command.h"

namespace spillway::aws {

/// `aws-debug`, hidden from help: runs one stage of a call on a JSON document from standard input.
std::vector<Command> commands();

}  // namespace spillway::aws
