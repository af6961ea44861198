#pragma once
#include <vector>

#include "config/partitions.h"

namespace spillway::config {

/// What Slurm and EC2 accept and the author will regret: nodes that can never register because RealMemory is
/// more than the instance type has, default memory that fits no node, $Latest, a second Name tag.
std::vector<Warning> advice_on(const Partitions& partitions);

}  // namespace spillway::config
