#pragma once
#include <vector>

#include "base/command.h"

namespace spillway::site {

/// image build, recipe, ls and delete.
std::vector<Command> image_commands();

}  // namespace spillway::site
