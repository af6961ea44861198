#pragma once
#include <functional>
#include <vector>

#include "base/health.h"
#include "dns/publisher.h"

namespace spillway::dns {

/// What the checks look at, borrowed.
struct Checked {
  Publisher& publisher;
  std::vector<Exchange*> resolvers;                        // what this host asks, as /etc/resolv.conf has it
  std::function<Result<std::vector<Binding>>()> bindings;  // the nodes that should have names now
  const Clock& clock;
  std::function<std::vector<NodeName>()> nodes = {};  // all that may ever have a name
};

/// Area "dns": the primary and our key, the zone's memory of absent names, the records of every node at the
/// primary, and their resolution forward and backward by each resolver of this host.
std::vector<Check> checks(Checked checked);

/// The servers that a resolv.conf names.
std::vector<std::string> nameservers(std::string_view resolv_conf);

}  // namespace spillway::dns
