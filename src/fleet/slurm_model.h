#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "slurm/controller.h"

namespace spillway::fleet::testing {

/// slurmctld's power saving as far as the fleet can see it: it keeps each node's state and address, moves
/// through the power states, and takes orders. The test plays the scheduler (resume, suspend) and the
/// machines (registers).
class SlurmModel final : public slurm::Controller {
 public:
  void add(const NodeName& name) {
    nodes_[name] = {
        .name = name, .state = *slurm::parse_node_state("IDLE+CLOUD+POWERED_DOWN"), .address = name.value};
  }
  void state(const NodeName& name, const char* words) {
    nodes_[name].state = *slurm::parse_node_state(words);
  }
  const slurm::Node& node(const NodeName& name) { return nodes_[name]; }

  void resume(const NodeName& name) { state(name, "ALLOCATED+CLOUD+NOT_RESPONDING+POWERING_UP"); }
  /// slurmd on the machine behind `name` registers, with a job on it.
  void registers(const NodeName& name) { state(name, "ALLOCATED+CLOUD"); }
  void suspend(const NodeName& name) { state(name, "IDLE+CLOUD+POWERING_DOWN"); }
  void powered_down(const NodeName& name) { state(name, "IDLE+CLOUD+POWERED_DOWN"); }

  Result<slurm::Version> version(Deadline) override { return slurm::Version{22, 5}; }
  Result<std::vector<slurm::Node>> nodes(const std::vector<NodeName>& only, Deadline) override {
    std::vector<slurm::Node> found;
    for (const auto& [name, node] : nodes_)
      if (only.empty() || std::find(only.begin(), only.end(), name) != only.end()) found.push_back(node);
    return found;
  }
  Result<std::vector<slurm::Job>> jobs(Deadline) override { return std::vector<slurm::Job>{}; }
  Result<std::vector<slurm::JobRecord>> records(const slurm::RecordQuery&, Deadline) override {
    return std::vector<slurm::JobRecord>{};
  }
  Result<void> set_addresses(const std::vector<slurm::AddressUpdate>& updates, Deadline) override {
    for (const slurm::AddressUpdate& update : updates) {
      nodes_[update.node].address = update.address.value;
      nodes_[update.node].hostname = update.hostname;
    }
    return {};
  }
  Result<void> reset_addresses(const std::vector<NodeName>& names, Deadline) override {
    for (const NodeName& name : names) nodes_[name].address = name.value;
    return {};
  }
  Result<void> set_state(const std::vector<NodeName>& names, slurm::NodeAction action,
                         const std::string& reason, Deadline) override {
    for (const NodeName& name : names) {
      if (action == slurm::NodeAction::down) state(name, "DOWN+CLOUD");
      if (action == slurm::NodeAction::power_down_force) powered_down(name);
      if (!reason.empty()) nodes_[name].reason = reason;
      orders.emplace_back(fmt::format("{} {}", name, slurm::to_string(action)));
    }
    return {};
  }
  Result<std::map<std::string, std::string>> configuration(Deadline) override {
    return std::map<std::string, std::string>{};
  }

  std::vector<std::string> orders;

 private:
  std::map<NodeName, slurm::Node> nodes_;
};

}  // namespace spillway::fleet::testing
