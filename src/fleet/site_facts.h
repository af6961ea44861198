#pragma once
#include <filesystem>

#include "base/error.h"
#include "fleet/world.h"

namespace spillway::fleet {

/// Fills what the configuration leaves to `spillway apply`: launch template and subnets of groups that name
/// none, and the compute role's id. `file` is what apply wrote (spillway.site/v1); it may be absent when
/// nothing is left to it. Errors: invalid (SPW-FLEET-011: something is left to apply, and apply has not run;
/// or the file is of another cluster).
Result<void> fill_from_site(const std::filesystem::path& file, Policy& policy);

}  // namespace spillway::fleet
