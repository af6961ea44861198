#pragma once
#include <map>
#include <string>
#include <vector>

#include "fleet/journal.h"
#include "fleet/outside.h"
#include "fleet/world.h"

// What machines leave behind although they should not: disks and network interfaces whose launch template
// said DeleteOnTermination, and uploads that were never finished. Instant fleets are no such thing: EC2 lists
// none, and one without instances costs nothing. An elastic address has only the gateway, and that is
// apply's.
namespace spillway::fleet {

/// What lay about at the last look, and since which look.
struct LeftoversSeen {
  Time looked_at{};
  std::map<std::string, Time> since;  // by id
};
std::string to_text(const LeftoversSeen& seen);
/// Errors: invalid. An empty text is "never looked".
Result<LeftoversSeen> read_leftovers_seen(const std::string& text);

/// What has lain about for `grace` and may go. `seen` becomes what the next look begins from. Pure.
std::vector<aws::Leftover> due(const std::vector<aws::Leftover>& found, LeftoversSeen& seen, Time now,
                               Duration grace);

/// Looks, every ten minutes at most, for what carries our tag and is attached to nothing, and deletes what
/// has been so for Policy::leftover_grace. Each is journaled before it is deleted. Returns how many went.
/// Errors: as the journal's; what AWS refuses is logged and left for the next look, since nothing else waits
/// for it.
Result<size_t> sweep_leftovers(Journal& journal, Outside& outside, const Policy& policy, Deadline deadline);

}  // namespace spillway::fleet
