#pragma once
#include <string>

#include "base/json.h"
#include "fleet/journal.h"

namespace spillway::fleet {

/// What the journal knows now: schema spillway.status/v1.
Result<Json> status_report(Journal& journal, Time now);
/// The same for people.
std::string status_text(const Json& report);
/// Everything that happened from `since` on, the calls made, and what is open: schema spillway.events/v1.
Result<Json> events_report(Journal& journal, Time since);
std::string events_text(const Json& report);
/// The state word of a node for people: "launching", "booting", "up", "leaving", "failed", "down".
std::string node_word(const NodeRecord& node, const MachineRecord* machine);
/// The nodes, or those named: schema spillway.nodes/v1.
Result<Json> nodes_report(Journal& journal, const std::vector<NodeName>& only);
std::string nodes_text(const Json& report);

}  // namespace spillway::fleet
