#include <algorithm>

#include "base/planted.h"
#include "fleet/names.h"
#include "fleet/planner.h"

namespace spillway::fleet {

void Planner::terminate() {
  std::map<std::string, Terminate> by_reason;
  Unregister unregister;  // first: nobody should look for a machine that is on its way out
  auto rooms = world_.ends_left;
  for (const auto& [id, machine] : world_.records.machines) {
    if (!machine.live() || closing_.contains(id)) continue;
    const std::string reason = reason_to_end(machine);
    if (reason.empty() || is_held(machine)) continue;
    if (name_is_to_go(machine, world_, policy_)) unregister.instances.push_back(id);
    if (machine.terminate_at != kNever && !asked_in_vain(machine)) continue;
    if (const auto room = rooms.find(machine.cloud); room != rooms.end()) {
      if (room->second.left == 0) continue;  // for now: EC2's rates allow no more
      --room->second.left;
    }
    by_reason[reason].reason = reason;
    by_reason[reason].instances.push_back(id);
  }
  if (!unregister.instances.empty()) steps_.emplace_back(std::move(unregister));
  for (auto& [reason, step] : by_reason) steps_.emplace_back(std::move(step));
}

bool Planner::is_held(const MachineRecord& machine) const {
  if (machine.node.empty() || machine.terminate_at != kNever) return false;
  return world_.frozen || world_.staging_out.contains(machine.node);
}

bool Planner::asked_in_vain(const MachineRecord& machine) const {
  const aws::Instance* seen = instance(machine.id);
  if (planted(Bug::terminate_once)) return false;
  return seen && (seen->state == "running" || seen->state == "pending" || seen->state == "stopped") &&
         older_than(machine.terminate_at, policy_.wish_grace);
}

std::string Planner::reason_to_end(const MachineRecord& machine) const {
  // Decided before; but a machine whose end EC2 would not hear of may have come back to work.
  if (!machine.end_reason.empty()) return works(machine) ? "" : machine.end_reason;
  if (machine.node.empty()) {
    const auto launch = world_.records.launches.find(machine.intent);
    const bool being_assigned = launch != world_.records.launches.end() &&
                                launch->second.state != LaunchState::failed && !launch->second.assigned;
    const bool spare = being_assigned && !planted(Bug::reaps_what_is_being_assigned);
    const bool young = !older_than(machine.launched_at, policy_.unbound_grace) &&
                       !planted(Bug::reaps_what_is_being_assigned);
    if (spare || young) return {};
    const bool reaps = planted(Bug::reaps_allocated_address);
    return allocated_address(machine) && !reaps ? "" : "no node claims it";
  }
  const NodeRecord* record = node(machine.node);
  if (record && record->wanted == Wanted::up && record->epoch == machine.epoch) return {};
  const slurm::Node* in_slurm = slurm_node(machine.node);
  if (record && record->wanted == Wanted::failed) {
    // Slurm's word stands above a hook's: a late ResumeFailProgram ends no node that works.
    const bool works = !world_.slurm || (in_slurm && in_slurm->state.is_registered());
    return works && !planted(Bug::late_failure_ends_working_node) ? "" : "failed: " + record->reason;
  }
  if (planted(Bug::hook_ends_working_node)) return "suspended";
  if (!in_slurm) return no_such_node(machine) ? "Slurm has no such node" : "";
  const slurm::NodeState& state = in_slurm->state;
  const bool next_epoch = record && record->epoch != machine.epoch && state.is_powering_up();
  const bool let_go = is_let_go(state) || next_epoch;
  return let_go || state.is_down() ? "suspended" : "";  // a hook called by hand ends nothing that Slurm uses
}

bool Planner::works(const MachineRecord& machine) const {
  const slurm::Node* in_slurm = machine.node.empty() ? nullptr : slurm_node(machine.node);
  return in_slurm && in_slurm->state.is_registered() && in_slurm->state.is_allocated() &&
         in_slurm->address == machine.address.value;
}

/// POWER_DOWN alone says that Slurm waits for the node's jobs.
bool Planner::is_let_go(const slurm::NodeState& state) {
  return state.is_powered_down() || state.has(slurm::NodeState::kPoweringDown) ||
         (state.has(slurm::NodeState::kPowerDownRequested) && !state.is_allocated());
}

bool Planner::no_such_node(const MachineRecord& machine) const {
  const auto since = world_.missing.find(machine.node);
  return since != world_.missing.end() && older_than(since->second, policy_.unbound_grace);
}
bool Planner::allocated_address(const MachineRecord& machine) const {
  if (!world_.slurm) return true;  // not seen: be careful
  const aws::Instance* seen = instance(machine.id);
  const IpAddress& address = seen ? seen->private_ip : machine.address;
  return !address.empty() && std::any_of(world_.slurm->begin(), world_.slurm->end(), [&](const auto& entry) {
    return entry.second.address == address.value && entry.second.state.is_allocated();
  });
}

}  // namespace spillway::fleet
