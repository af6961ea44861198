#pragma once
#include <deque>
#include <map>
#include <set>
#include <string>

#include "fleet/world.h"
#include "sim/machines.h"
#include "sim/memory_journal.h"
#include "sim/script.h"

namespace spillway::sim {

struct Ledger;

/// Everything that is true at a moment, for those who judge it.
struct View {
  Time now{};
  const Terms& terms;
  const fleet::Policy& policy;
  const emu::Account& account;
  slurm::FakeController& slurm;
  const Disk& disk;
  const Machines& machines;
  const Ledger& ledger;
  /// Since when nothing has been in the way of the process: no fault, no outage, and it runs. `now` while
  /// something is.
  Time calm_since{};
};

/// What judges have to remember.
struct Ledger {
  struct Intent {
    int64_t capacity = 0;
    std::set<std::string> instances;  // that EC2 ever made for it
    std::deque<Time> calls;
  };
  std::map<InstanceId, NodeName> bound;  // what any durable record ever said of instances that may live
  std::map<InstanceId, Time> unbound_since, useless_since, surplus_since;
  std::map<NodeName, Time> illegal_since;
  std::map<std::string, Time> left_since;         // names in DNS that belong to no machine
  std::set<std::pair<NodeName, int64_t>> served;  // epochs of nodes that had a machine
  std::map<std::string, Intent> intents;
  std::map<NodeName, std::deque<Time>> attempts;  // launches for a node since it last joined
  std::map<std::string, std::string> foreign_names;

  /// Notes what has become true.
  void look(const View& view);
  /// A journal is lost: what nobody else knows was never bound.
  void forget_secret_bindings(const View& view);
};

/// Whether the instance carries the tags of the cluster's compute nodes.
bool is_ours(const View& view, const emu::Instance& instance);
inline bool is_alive(const emu::Instance& instance) {
  return instance.state != emu::State::terminated;
}
/// Whether it costs money and nobody has asked for its end.
inline bool runs(const emu::Instance& instance) {
  return instance.state == emu::State::pending || instance.state == emu::State::running ||
         instance.state == emu::State::stopped;
}

}  // namespace spillway::sim
