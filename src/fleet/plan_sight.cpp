#include "base/planted.h"
#include "fleet/names.h"
#include "fleet/planner.h"

namespace spillway::fleet {

void Planner::adopt() {
  if (!world_.cloud || planted(Bug::no_adoption)) return;
  Adopt step;
  for (const auto& [id, instance] : *world_.cloud) {
    if (instance.state == "terminated" || world_.records.machines.contains(id)) continue;
    step.machines.push_back({.id = id,
                             .intent = IntentId{instance.tag("spillway:intent")},
                             .group = GroupName{instance.tag("spillway:group")},
                             .cloud = where(id),
                             .address = instance.private_ip,
                             .launched_at = instance.launched});
  }
  if (!step.machines.empty()) steps_.emplace_back(std::move(step));
}

void Planner::sight() {
  if (!world_.cloud) return;
  Sight step;
  for (const auto& [id, machine] : world_.records.machines) {
    if (!machine.live() || !listed(machine)) continue;
    MachineRecord now = machine;
    if (instance(id))
      now.unseen_since = kNever;
    else if (machine.unseen_since == kNever && older_than(machine.launched_at, policy_.wish_grace))
      now.unseen_since = world_.now;
    const NodeRecord* record = node(machine.node);
    const slurm::Node* in_slurm = slurm_node(machine.node);
    if (record && in_slurm && record->wanted == Wanted::up && record->epoch > machine.epoch &&
        machine.joined_at != kNever && machine.terminate_at == kNever && in_slurm->state.is_registered() &&
        in_slurm->address == machine.address.value && older_than(record->since, policy_.wish_grace))
      now.epoch = record->epoch;
    if (now != machine) step.machines.push_back(std::move(now));
  }
  if (!step.machines.empty()) steps_.emplace_back(std::move(step));
}

void Planner::close() {
  if (!world_.cloud) return;
  std::map<std::string, Close> by_reason;
  for (const auto& [id, machine] : world_.records.machines) {
    const aws::Instance* seen = instance(id);
    std::string reason;
    if (seen && seen->state == "terminated") {
      reason = seen->state_reason.empty() ? "terminated" : seen->state_reason;
    } else if (!seen && listed(machine) && machine.unseen_since != kNever &&
               (planted(Bug::absence_is_death) || older_than(machine.unseen_since, policy_.unseen_grace))) {
      reason = "EC2 no longer lists it";
    } else {
      continue;
    }
    closing_.insert(id);
    // A closed machine is looked at no more: what was released to it goes first.
    if (policy_.bucket && holds_secrets(machine)) continue;
    // And its node has failed first, or the same epoch would get another machine.
    if (wants(machine.node, machine.epoch)) continue;
    by_reason[reason].reason = reason;
    by_reason[reason].instances.push_back(id);
    if (seen && seen->state_reason.find("SpotInstance") != std::string::npos)
      by_reason[reason].pools.insert(pool_of(*seen, machine.cloud));
  }
  Unregister unregister;
  for (const InstanceId& id : closing_)
    if (name_is_to_go(world_.records.machines.at(id), world_, policy_)) unregister.instances.push_back(id);
  if (!unregister.instances.empty()) steps_.emplace_back(std::move(unregister));
  for (auto& [reason, step] : by_reason) steps_.emplace_back(std::move(step));
}

}  // namespace spillway::fleet
