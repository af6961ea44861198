#include "fleet/planner.h"

namespace spillway::fleet {

void Planner::fail() {
  Fail step;
  for (const auto& [name, record] : world_.records.nodes) {
    if (record.wanted != Wanted::up) continue;
    const MachineRecord* machine = current_machine(record);
    if (machine && closing_.contains(machine->id)) {
      const aws::Instance* seen = instance(machine->id);
      step.nodes.push_back(failed(
          record,
          fmt::format("{} ended by itself: {}", machine->id.value,
                      seen && !seen->state_reason.empty() ? seen->state_reason : "EC2 no longer runs it")));
      continue;
    }
    if (world_.frozen) continue;  // Slurm's silence about them is the tunnel's
    const slurm::Node* in_slurm = slurm_node(name);
    if (!in_slurm || !in_slurm->state.is_down() || !older_than(record.since, policy_.wish_grace)) continue;
    const bool never_came = machine && machine->joined_at == kNever;
    if (never_came || given_up(*in_slurm))
      step.nodes.push_back(failed(record, fmt::format("Slurm set it DOWN: {}", in_slurm->reason), true));
  }
  // Nobody comes back for these: they have no machine, and Slurm waits for one.
  if (world_.slurm)
    for (const auto& [name, in_slurm] : *world_.slurm) {
      const NodeRecord* known = node(name);
      if (known && (known->wanted != Wanted::down || !older_than(known->since, policy_.wish_grace))) continue;
      if (!in_slurm.state.is_down() || holds_machine(name) || !given_up(in_slurm)) continue;
      step.nodes.push_back(failed(known ? *known : NodeRecord{.name = name},
                                  fmt::format("Slurm set it DOWN: {}", in_slurm.reason), true));
    }
  if (!step.nodes.empty()) steps_.emplace_back(std::move(step));
}

bool Planner::given_up(const slurm::Node& node) {
  return node.reason.starts_with("Not responding") || node.reason.starts_with("ResumeTimeout");
}

void Planner::give_back() {
  if (!world_.slurm) return;
  std::map<std::string, MarkDown> down;
  GiveBack back;
  for (const auto& [name, record] : world_.records.nodes) {
    if (record.wanted != Wanted::failed || !slurm_node(name)) continue;
    if (!record.marked_down) {
      down[record.reason].reason = record.reason;
      down[record.reason].nodes.push_back(name);
    } else if (!holds_machine(name) && world_.now >= record.hold_until) {
      back.nodes.push_back(name);
    }
  }
  for (auto& [reason, step] : down) steps_.emplace_back(std::move(step));
  if (!back.nodes.empty()) steps_.emplace_back(std::move(back));
}

NodeRecord Planner::failed(const NodeRecord& before, std::string reason, bool marked_down) const {
  NodeRecord after = before;
  after.wanted = Wanted::failed;
  after.since = world_.now;
  after.failures = before.failures + 1;
  after.reason = std::move(reason);
  after.marked_down = marked_down;
  after.hold_until = fleet::hold_until(policy_, after.failures, world_.now);
  return after;
}

}  // namespace spillway::fleet
