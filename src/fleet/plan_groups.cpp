// What concerns a node group as a whole: parking, jobs that cannot have all their nodes, nodes that idle.
#include <algorithm>

#include "fleet/parking.h"
#include "fleet/planner.h"
#include "fleet/spot.h"

namespace spillway::fleet {

std::optional<std::string> Planner::parked(const GroupName& group) const {
  const auto found = world_.records.groups.find(group);
  if (found == world_.records.groups.end() || world_.now >= found->second.parked_until) return std::nullopt;
  return found->second.reason;
}

void Planner::drain() {
  if (!world_.slurm) return;
  const bool any = std::any_of(world_.records.groups.begin(), world_.records.groups.end(),
                               [&](const auto& entry) { return parked(entry.first).has_value(); });
  std::map<GroupName, Drain> drains;
  Undrain undrain;
  for (const auto& [name, in_slurm] : *world_.slurm) {
    const bool ours =
        in_slurm.state.is_draining() && in_slurm.reason.starts_with(kOurReason) && !holds_machine(name);
    if (!ours && (!any || in_slurm.state.is_draining() || !in_slurm.state.is_powered_down())) continue;
    const config::NodeGroup* group = group_of(name);
    const auto reason = group ? parked(group->group()) : std::nullopt;
    if (ours && !reason && !in_slurm.state.is_down()) undrain.nodes.push_back(name);
    if (ours || !reason || in_slurm.state.is_down() || holds_machine(name)) continue;
    Drain& step = drains[group->group()];
    step.reason = *reason;
    step.nodes.push_back(name);
  }
  for (auto& [group, step] : drains) steps_.emplace_back(std::move(step));
  if (!undrain.nodes.empty()) steps_.emplace_back(std::move(undrain));
}

void Planner::release_gangs() {
  if (!world_.slurm || world_.frozen) return;
  std::map<int64_t, const NodeRecord*> broken;  // by job: a node of it that never came
  for (const auto& [name, record] : world_.records.nodes)
    if (record.wanted == Wanted::failed && record.job != 0 && record.marked_down &&
        record.joined_epoch != record.epoch && older_than(record.since, policy_.gang_grace))
      broken.emplace(record.job, &record);
  if (broken.empty()) return;
  Fail fail;
  PowerDown down{.nodes = {}, .reason = "its job could not have all of its nodes"};
  for (const auto& [name, record] : world_.records.nodes) {
    if (record.wanted != Wanted::up || !broken.contains(record.job)) continue;
    const slurm::Node* in_slurm = slurm_node(name);
    // Whoever holds it now has a use for it.
    if (!in_slurm || in_slurm->state.is_allocated() || in_slurm->state.is_powering_down()) continue;
    if (in_slurm->state.is_registered()) {
      down.nodes.push_back(name);
    } else if (record.joined_epoch != record.epoch) {
      NodeRecord after = failed(record, fmt::format("job {} could not have all of its nodes: {}", record.job,
                                                    broken.at(record.job)->reason));
      after.failures = record.failures;  // it is not the node's fault
      after.hold_until = world_.now;
      fail.nodes.push_back(std::move(after));
    }
  }
  if (!fail.nodes.empty()) steps_.emplace_back(std::move(fail));
  if (!down.nodes.empty()) steps_.emplace_back(std::move(down));
}

void Planner::reap_idle() {
  if (!world_.slurm || world_.frozen) return;
  PowerDown step{.nodes = {}, .reason = "idle for longer than SuspendTime, and Slurm did not suspend it"};
  for (const auto& [name, record] : world_.records.nodes) {
    if (record.wanted != Wanted::up) continue;
    const slurm::Node* in_slurm = slurm_node(name);
    const MachineRecord* machine = current_machine(record);
    if (!in_slurm || !machine || machine->joined_at == kNever || !in_slurm->last_busy) continue;
    const slurm::NodeState& state = in_slurm->state;
    if (state.base != slurm::NodeState::Base::idle || !state.is_registered() || state.is_allocated() ||
        state.is_powering_down() || state.has(slurm::NodeState::kPlanned) ||
        state.has(slurm::NodeState::kReserved) || state.has(slurm::NodeState::kMaintenance))
      continue;
    const auto own = policy_.suspend_times.find(machine->group);
    const auto suspend_time = own == policy_.suspend_times.end() ? world_.suspend_time : own->second;
    const Time quiet = std::max(*in_slurm->last_busy, machine->joined_at);
    if (suspend_time && older_than(quiet, *suspend_time + policy_.idle_slack)) step.nodes.push_back(name);
  }
  if (!step.nodes.empty()) steps_.emplace_back(std::move(step));
}

}  // namespace spillway::fleet
