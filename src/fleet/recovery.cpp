#include <algorithm>

#include "base/planted.h"
#include "base/text.h"
#include "fleet/reconciler.h"

namespace spillway::fleet {

Records rebuild(const std::map<InstanceId, aws::Instance>& cloud,
                const std::map<NodeName, slurm::Node>& slurm, const std::vector<MachineRecord>& documented,
                Time now) {
  std::map<InstanceId, MachineRecord> by_document;
  for (const MachineRecord& machine : documented) by_document.emplace(machine.id, machine);

  Records records;
  for (const auto& [id, instance] : cloud) {
    if (instance.state == "terminated") continue;
    MachineRecord machine{.id = id,
                          .intent = IntentId{instance.tag("spillway:intent")},
                          .group = GroupName{instance.tag("spillway:group")},
                          .address = instance.private_ip,
                          .launched_at = instance.launched};
    if (planted(Bug::recovery_binds_nothing)) {
    } else if (const auto found = by_document.find(id); found != by_document.end()) {
      machine.node = found->second.node;
      machine.epoch = found->second.epoch;
    } else if (const std::string name = instance.tag("spillway:node"); !name.empty()) {
      machine.node = NodeName{name};
      machine.epoch = parse_int(instance.tag("spillway:epoch")).value_or(1);
    } else if (!machine.address.empty()) {
      const auto node = std::find_if(slurm.begin(), slurm.end(), [&](const auto& entry) {
        return entry.second.address == machine.address.value;
      });
      if (node != slurm.end()) machine.node = node->first;
      machine.epoch = 1;
    }
    const auto in_slurm = slurm.find(machine.node);
    if (in_slurm == slurm.end()) {
      machine.node = NodeName{};
      records.machines.emplace(id, std::move(machine));
      continue;
    }
    // What it has reached is read off Slurm; the rest is harmless to repeat.
    const slurm::NodeState& state = in_slurm->second.state;
    if (in_slurm->second.address == machine.address.value) machine.addressed_at = now;
    if (machine.addressed_at != Time{} && state.is_registered()) {
      machine.joined_at = now;
      machine.published_at = machine.released_at = now;
    }
    NodeRecord& node = records.nodes[machine.node];
    node.name = machine.node;
    if (machine.epoch >= node.epoch) {
      node.epoch = machine.epoch;
      node.since = now;
      node.wanted = state.is_powered_down() || state.is_powering_down() ? Wanted::down : Wanted::up;
    }
    records.machines.emplace(id, std::move(machine));
  }
  return records;
}

}  // namespace spillway::fleet
