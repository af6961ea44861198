#pragma once
#include "base/error.h"

namespace spillway::config {

/// Shared by all that read configuration files.
inline constexpr Code kUnreadable{
    "SPW-CONFIG-004", "the configuration cannot be read",
    "name it with --config, or make it with spillway init; SlurmUser must be able to read it"};

}  // namespace spillway::config
