#pragma once
#include <vector>

#include "fleet/step.h"
#include "fleet/world.h"

namespace spillway::fleet {

/// What to do next: a pure function of what was seen. Empty when nothing is to be done now. The steps are in
/// the order in which they should be executed; each is safe to repeat and safe to leave out.
std::vector<Step> plan(const World& world, const Policy& policy);

/// Whether something is under way that the next look may move on, so that looking again soon is worth it.
bool in_motion(const World& world);

}  // namespace spillway::fleet
