#include <algorithm>

#include "base/planted.h"
#include "fleet/planner.h"

namespace spillway::fleet {

void Planner::fail() {
  Fail step;
  for (const auto& [name, record] : world_.records.nodes) {
    if (record.wanted != Wanted::up) continue;
    const MachineRecord* machine = current_machine(record);
    const aws::Instance* seen = machine ? instance(machine->id) : nullptr;
    const auto lost = [&](std::string reason, bool marked_down = false) {
      if (machine && machine->joined_at == kNever) ++step.boot_failures[machine->group];
      step.nodes.push_back(failed(record, std::move(reason), marked_down));
    };
    if (machine && closing_.contains(machine->id)) {
      if (planted(Bug::lost_machine_unnoticed)) continue;
      lost(fmt::format("{} ended by itself: {}", machine->id.value,
                       seen && !seen->state_reason.empty() ? seen->state_reason : "EC2 no longer runs it"));
      continue;
    }
    if (seen && machine->terminate_at == kNever && (seen->state == "stopped" || seen->state == "stopping")) {
      lost(fmt::format("{} was stopped", machine->id.value));
      continue;
    }
    if (const auto refusal = cannot_launch(record)) {
      NodeRecord after = failed(record, refusal->reason);
      after.failures = record.failures;
      after.hold_until = std::max(after.hold_until, refusal->until);
      step.nodes.push_back(std::move(after));
      continue;
    }
    if (world_.frozen) continue;  // Slurm's silence about them is the tunnel's
    const slurm::Node* in_slurm = slurm_node(name);
    if (!in_slurm || !older_than(record.since, policy_.wish_grace) || is_being_serviced(*in_slurm)) continue;
    if (machine && machine->joined_at == kNever && refused(*in_slurm)) {
      lost(fmt::format("Slurm refused its registration: {}", in_slurm->reason));
      continue;
    }
    if (!in_slurm->state.is_down()) continue;
    const bool never_came = machine && machine->joined_at == kNever;
    if (never_came || given_up(*in_slurm))
      lost(fmt::format("Slurm set it DOWN: {}{}", in_slurm->reason, launch_trouble(name)), true);
  }
  // Nobody comes back for these: they have no machine, and Slurm waits for one.
  if (world_.slurm)
    for (const auto& [name, in_slurm] : *world_.slurm) {
      if (!in_slurm.state.is_down()) continue;  // most are not
      const NodeRecord* known = node(name);
      if (known && (known->wanted != Wanted::down || !older_than(known->since, policy_.wish_grace))) continue;
      // We set it DOWN ourselves, and the journal that knew is lost.
      const bool ours = in_slurm.reason.starts_with("spillway: ");
      if (holds_machine(name) || !(given_up(in_slurm) || ours)) continue;
      step.nodes.push_back(failed(known ? *known : NodeRecord{.name = name},
                                  fmt::format("Slurm set it DOWN: {}", in_slurm.reason), true));
    }
  for (const NodeRecord& each : step.nodes) failing_.insert(each.name);
  if (!step.nodes.empty()) steps_.emplace_back(std::move(step));
}

std::string Planner::launch_trouble(const NodeName& name) const {
  for (const auto& [intent, launch] : world_.records.launches)
    if (launch.state == LaunchState::intended && !launch.error.empty())
      for (const LaunchNode& each : launch.nodes)
        if (each.node == name) return "; its launch: " + launch.error;
  return {};
}

bool Planner::refused(const slurm::Node& node) {
  return node.state.has(slurm::NodeState::kInvalidRegistration);
}

bool Planner::is_being_serviced(const slurm::Node& node) {
  return node.state.has(slurm::NodeState::kMaintenance) || node.state.has(slurm::NodeState::kCompleting);
}

std::optional<Planner::Refusal> Planner::cannot_launch(const NodeRecord& record) const {
  if (!world_.gates.empty() || !world_.cloud || holds_machine(record.name) || under_way(record.name))
    return std::nullopt;
  const config::NodeGroup* group = group_of(record.name);
  if (!group) return std::nullopt;
  if (const auto reason = parked(group->group()))
    return Refusal{fmt::format("{} is parked: {}", group->group(), *reason),
                   world_.records.groups.at(group->group()).parked_until};
  if (offer_for(*group, record.job) || may_offer(*group)) return std::nullopt;
  return Refusal{why_none(*group, world_.records.pools, world_.now),
                 rests_until(*group, world_.records.pools, world_.now)};
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
    // Slurm writes its own reason over ours when ResumeTimeout comes, and that tells users less.
    const bool overwritten = slurm_node(name)->state.is_down() &&
                             slurm_node(name)->reason == "ResumeTimeout reached" &&
                             record.reason.find("ResumeTimeout") == std::string::npos;
    if ((!record.marked_down || overwritten) && !planted(Bug::no_mark_down)) {
      down[record.reason].reason = record.reason;
      down[record.reason].nodes.push_back(name);
    } else if ((!holds_machine(name) || planted(Bug::given_back_too_early)) && !planted(Bug::down_for_ever) &&
               world_.now >= record.hold_until && !is_being_serviced(*slurm_node(name))) {
      back.nodes.push_back(name);
    }
  }
  // Slurm gives no jobs to a node that it holds to be off and not answering, and does not notice that.
  for (const auto& [name, in_slurm] : *world_.slurm) {
    const slurm::NodeState& state = in_slurm.state;
    if (state.base == slurm::NodeState::Base::idle && state.is_powered_down() &&
        state.has(slurm::NodeState::kNotResponding) && !holds_machine(name) && !under_way(name) &&
        !(node(name) && node(name)->wanted != Wanted::down))
      back.nodes.push_back(name);
  }
  for (auto& [reason, step] : down) steps_.emplace_back(std::move(step));
  for (const NodeName& name : back.nodes)
    if (slurm_node(name)->address != name.value) back.addressed.push_back(name);
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
