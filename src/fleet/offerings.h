#pragma once
#include <optional>
#include <string>
#include <vector>

#include "config/partitions.h"
#include "fleet/records.h"

// Which types in which subnets, bought which way, may be asked for now. Pure.
namespace spillway::fleet {

/// The name under which an offering rests: "default/us-east-1 spot c5.large subnet-1".
std::string pool_of(const std::string& cloud, const std::string& purchasing, const std::string& type,
                    const std::string& subnet);

/// The names of all offerings of the group and its fallback.
std::vector<std::string> pools_of(const config::NodeGroup& group);

/// A part of a group's source that can be asked for.
struct Offer {
  const config::NodeSource* source = nullptr;
  Json overrides;  // of the launch template: type × subnet, without those that rest
};

using Pools = std::map<std::string, PoolRecord>;

/// What of the group's source, or else of its fallback, does not rest; nothing when all does. With `subnet`
/// only what lies there.
std::optional<Offer> offer_of(const config::NodeGroup& group, const Pools& pools, Time now,
                              const std::string& subnet = {});
/// When something of the group may be asked for again.
Time rests_until(const config::NodeGroup& group, const Pools& pools, Time now);
/// Why the group has nothing to offer, in EC2's words.
std::string why_none(const config::NodeGroup& group, const Pools& pools, Time now);

/// The pool after EC2 would not give from it: it rests longer each time, and its past is forgotten after an
/// hour of peace.
PoolRecord benched(PoolRecord before, Duration first, const std::string& reason, Time now);

}  // namespace spillway::fleet
