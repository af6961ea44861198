#pragma once
#include "fleet/journal.h"
#include "fleet/world.h"

// A group whose launches cannot work is parked: nothing is asked of EC2 for it until its time is over or an
// administrator says so (node reset), and each time it is parked for longer.
namespace spillway::fleet {

/// Journals that the group is parked from now on, and why.
Result<void> park(Journal& journal, const GroupName& group, const std::string& reason, Time now);
/// Journals that so many machines in a row never came; parks the group at the policy's limit. Source: row 38.
Result<void> count_boot_failures(Journal& journal, const Policy& policy, const GroupName& group, int failures,
                                 const std::string& reason, Time now);
/// Journals that a machine of the group came: what went before is forgotten.
Result<void> forgive(Journal& journal, const GroupName& group);

/// How the reason of a node drained for its parked group begins, in Slurm.
inline constexpr std::string_view kParkedReason = "spillway: parked";

}  // namespace spillway::fleet
