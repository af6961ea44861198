#pragma once
#include <map>
#include <vector>

#include "fleet/world.h"

// What `node reset` gives back before its time: nodes that rest after a failure, their groups if they are
// parked, and the offerings of those groups that rest.
namespace spillway::fleet {

struct Reset {
  std::vector<NodeName> nodes;               // failed ones
  std::map<GroupName, std::string> groups;   // parked ones, and why
  std::map<std::string, std::string> pools;  // resting ones, and why
  bool empty() const { return nodes.empty() && groups.empty() && pools.empty(); }
};

/// Errors: conflict (SPW-FLEET-006: one of them still has an instance), not_found (SPW-FLEET-012: there is
/// nothing to be given back). Pure.
Result<Reset> reset_of(const Records& records, const Policy& policy, const std::vector<NodeName>& nodes,
                       Time now);

/// Journals it, in one transaction; the next pass acts on it.
Result<void> reset(Journal& journal, const Reset& what, Time now);

Json to_json(const Reset& what, bool dry_run);
std::string to_text(const Reset& what, bool dry_run);

}  // namespace spillway::fleet
