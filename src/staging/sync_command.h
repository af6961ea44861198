#pragma once
#include "base/command.h"

namespace spillway::staging {

/// `data sync SRC DST`.
Command sync_command();

}  // namespace spillway::staging
