#pragma once
#include "base/command.h"

namespace spillway::staging {

/// `data verify`.
Command verify_command();

}  // namespace spillway::staging
