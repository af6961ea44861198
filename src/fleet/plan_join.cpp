#include "fleet/names.h"
#include "fleet/planner.h"

namespace spillway::fleet {

void Planner::assign() {
  for (const auto& [intent, launch] : world_.records.launches) {
    if (launch.state != LaunchState::answered || launch.assigned) continue;
    std::vector<const MachineRecord*> free;
    for (const auto& [id, machine] : world_.records.machines)
      if (machine.intent == intent && machine.live() && machine.node.empty() && !closing_.contains(id) &&
          machine.terminate_at == kNever)
        free.push_back(&machine);
    std::vector<LaunchNode> wanting;
    for (const LaunchNode& each : launch.nodes)
      if (wants(each.node, each.epoch) && !holds_machine(each.node)) wanting.push_back(each);

    Assign step{.intent = intent,
                .reason = launch.error.empty()
                              ? "InsufficientInstanceCapacity: fewer instances than asked for"
                              : launch.error};
    const auto found = policy_.groups.find(launch.group);
    const config::NodeGroup* group = found == policy_.groups.end() ? nullptr : &found->second;
    const bool more = group && !parked(launch.group) && may_offer(*group);
    if (group) step.hold_until = rests_until(*group, world_.records.pools, world_.now);
    std::set<NodeName> served = whole_jobs(wanting, free.size());
    // What is left over helps jobs along whose others are looked for elsewhere.
    if (more && !group->one_zone)
      for (const LaunchNode& each : wanting)
        if (served.size() < free.size()) served.insert(each.node);
    auto next = free.begin();
    for (const LaunchNode& each : wanting) {
      if (!served.contains(each.node)) {
        (more && each.attempt + 1 < policy_.attempts_at_most ? step.again : step.short_of)
            .push_back(each.node);
        continue;
      }
      MachineRecord bound = **next++;
      bound.node = each.node;
      bound.epoch = each.epoch;
      step.bound.push_back(std::move(bound));
    }
    for (; next != free.end(); ++next) step.surplus.push_back((*next)->id);
    steps_.emplace_back(std::move(step));
  }
}

bool Planner::may_offer(const config::NodeGroup& group) const {
  return rests_until(group, world_.records.pools, world_.now) - world_.now <= policy_.short_rest;
}

std::set<NodeName> Planner::whole_jobs(const std::vector<LaunchNode>& wanting, size_t machines) {
  std::map<int64_t, size_t> sizes;
  for (const LaunchNode& each : wanting)
    if (each.job != 0) ++sizes[each.job];
  std::set<NodeName> served;
  std::set<int64_t> chosen;
  for (const LaunchNode& each : wanting) {
    if (chosen.contains(each.job)) {
      served.insert(each.node);
      continue;
    }
    const size_t need = each.job == 0 ? 1 : sizes[each.job];
    if (need > machines) continue;
    machines -= need;
    served.insert(each.node);
    if (each.job != 0) chosen.insert(each.job);
  }
  return served;
}

bool Planner::holds_secrets(const MachineRecord& machine) {
  // They are released right after the document is published; a crash may have kept that from the journal.
  return (machine.released_at != kNever || machine.published_at != kNever) && machine.withdrawn_at == kNever;
}

void Planner::sweep() {
  Sweep step{.stale = stale_names(world_)};
  if (!step.stale.empty() && world_.names_reachable) steps_.emplace_back(std::move(step));
}

void Planner::introduce() {
  std::map<IntentId, Publish> publish;
  Release release;
  Register names;
  SetAddresses addresses;
  MarkJoined joined;
  Withdraw withdraw;
  for (const auto& [id, machine] : world_.records.machines) {
    if (!machine.live() || machine.node.empty()) continue;
    const bool leaving = machine.terminate_at != kNever || closing_.contains(id);
    if ((machine.joined_at != kNever && machine.released_at != kNever && machine.withdrawn_at == kNever) ||
        (leaving && policy_.bucket && holds_secrets(machine)))
      withdraw.instances.push_back(id);
    if (leaving || !wants(machine.node, machine.epoch)) continue;
    const aws::Instance* seen = instance(id);
    // A machine that has just been launched is looked at first.
    const bool may_wait = !seen && !older_than(machine.launched_at, policy_.wish_grace);
    if (policy_.bucket && machine.published_at == kNever && !may_wait) {
      publish[machine.intent].intent = machine.intent;
      publish[machine.intent].instances.push_back(id);
    }
    if (policy_.bucket && machine.released_at == kNever && !may_wait) release.instances.push_back(id);
    MachineRecord there = machine;
    if (seen && !seen->private_ip.empty()) there.address = seen->private_ip;
    if (!there.address.empty() && name_is_due(there, world_, policy_)) names.machines.push_back(there);
    if (machine.addressed_at == kNever && seen && !seen->private_ip.empty() && slurm_node(machine.node) &&
        may_be_announced(machine, world_, policy_) && has_its_own_address(machine, seen->private_ip))
      addresses.machines.push_back(std::move(there));
    const slurm::Node* in_slurm = slurm_node(machine.node);
    if (machine.joined_at == kNever && machine.addressed_at != kNever && in_slurm &&
        in_slurm->state.is_registered() && !refused(*in_slurm))
      joined.instances.push_back(id);
  }
  // Jobs wait for names and addresses; what the machines read is there long before they have booted.
  if (!names.machines.empty()) steps_.emplace_back(std::move(names));
  if (!addresses.machines.empty()) steps_.emplace_back(std::move(addresses));
  for (auto& [intent, step] : publish) steps_.emplace_back(std::move(step));
  if (!release.instances.empty()) steps_.emplace_back(std::move(release));
  if (!joined.instances.empty()) steps_.emplace_back(std::move(joined));
  if (!withdraw.instances.empty()) steps_.emplace_back(std::move(withdraw));
}

bool Planner::has_its_own_address(const MachineRecord& machine, const IpAddress& address) const {
  const auto found = addresses_.find(address);
  return found == addresses_.end() || found->second - (machine.address == address ? 1 : 0) == 0;
}

void Planner::tag() {
  WriteTags step;
  for (const auto& [id, machine] : world_.records.machines) {
    if (!machine.live() || machine.addressed_at == kNever || machine.tagged_at != kNever ||
        machine.terminate_at != kNever || !policy_.groups.contains(machine.group))
      continue;
    if (step.machines.size() < policy_.tags_at_most) step.machines.push_back(machine);
  }
  if (!step.machines.empty()) steps_.emplace_back(std::move(step));
}

}  // namespace spillway::fleet
