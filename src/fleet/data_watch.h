#pragma once
#include <functional>
#include <set>

#include "fleet/world.h"
#include "staging/stage_site.h"

namespace spillway::fleet {

/// Jobs' data beside the fleet: its nodes' orders are written and renewed, markers are read, and nodes whose
/// results are not safe are named. It moves no data itself; what is to be fetched is another process's, which
/// `fetch` starts.
class DataWatch {
 public:
  using Fetch = std::function<void(const staging::JobRun&)>;
  DataWatch(staging::Stager& stager, staging::JobJournal& journal, Clock& clock, Fetch fetch)
      : stager_(stager), journal_(journal), clock_(clock), fetch_(std::move(fetch)) {}

  /// For Inputs::staging_out. A journal that cannot be read keeps the last answer: not knowing ends no
  /// machine.
  std::set<NodeName> nodes_to_keep();
  /// After a pass. What fails is logged, and tried at the next pass.
  void tend(const World& world);

 private:
  staging::Stager& stager_;
  staging::JobJournal& journal_;
  Clock& clock_;
  const Fetch fetch_;
  std::set<NodeName> kept_;
  std::map<std::string, Time> fetched_;  // when each run's fetch was last started
};

/// What staging needs to know of a node, from what the fleet has seen.
staging::NodeLook look_at_node(const World& world, const NodeName& name);

}  // namespace spillway::fleet
