#pragma once
#include "lab/workbench.h"

namespace spillway::lab {

/// Brings up MariaDB and slurmdbd with the lab's accounts from a prepared data folder in the cache, or
/// prepares that folder first (some seconds, once). Needs munge. Errors: SPW-LAB-008.
Result<void> start_database(const Workbench& bench);

}  // namespace spillway::lab
