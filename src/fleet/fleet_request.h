#pragma once
#include "base/json.h"
#include "fleet/offerings.h"
#include "fleet/world.h"

namespace spillway::fleet {

/// The intent's name: the same nodes in the same epochs and attempts under the same journal always give the
/// same one.
IntentId intent_of(const std::string& generation, const GroupName& group,
                   const std::vector<LaunchNode>& nodes);

/// CreateFleet's request as plugin v2 makes it (type instant, overrides × subnets), with ClientToken and
/// ownership tags. With `all_in_one_zone` EC2 gives all of them, in one zone, or none. Source: EC2 API
/// Reference, CreateFleet; plugin v2's contract.
Json fleet_request(const Policy& policy, const config::NodeGroup& group, const Offer& offer,
                   const IntentId& intent, const std::string& generation, size_t nodes,
                   bool all_in_one_zone = false);
/// The pools that a request asks.
std::vector<std::string> pools_of(const std::string& cloud, const Json& request);

/// Tags that a bound machine gets: Name, spillway:node, spillway:epoch, then the group's own with
/// {node_name}, {hostname} and {ip_address} filled in. A Name of the group's own does not replace ours.
std::vector<aws::Tag> machine_tags(const config::NodeGroup& group, const MachineRecord& machine);

/// ip-a-b-c-d, the NodeHostname that plugin v2 gives for a private address.
std::string hostname_of(const IpAddress& address);

}  // namespace spillway::fleet
