#include "fleet/plan.h"

#include <algorithm>

#include "base/planted.h"
#include "fleet/planner.h"

namespace spillway::fleet {

const MachineRecord* machine_of(const Records& records, const NodeName& node) {
  const MachineRecord* newest = nullptr;
  for (const auto& [id, machine] : records.machines)
    if (machine.live() && machine.node == node && (!newest || machine.epoch > newest->epoch))
      newest = &machine;
  return newest;
}

Time hold_until(const Policy& policy, int failures, Time now) {
  if (planted(Bug::no_hold)) return now;
  Duration hold = policy.failure_hold;
  for (int i = 1; i < failures && hold < policy.longest_hold; ++i) hold *= 2;
  return now + std::min(hold, policy.longest_hold);
}

Planner::Planner(const World& world, const Policy& policy) : world_(world), policy_(policy) {
  for (const auto& [id, machine] : world_.records.machines) {
    if (!machine.live()) continue;
    if (!machine.node.empty()) holders_[machine.node].push_back(&machine);
    if (!machine.address.empty()) ++addresses_[machine.address];
  }
  for (const auto& [intent, launch] : world_.records.launches)
    if (launch.state != LaunchState::failed && !launch.assigned)
      for (const LaunchNode& each : launch.nodes) under_way_.insert(each.node);
}

std::vector<Step> Planner::steps() {
  adopt();
  sight();
  close();
  assign();
  sweep();
  connect();
  introduce();
  fail();
  interrupt();
  release_gangs();
  give_back();
  drain();
  reap_idle();
  terminate();
  rediscover();
  repeat_launches();
  launch();
  tag();
  forget_keys();
  renew_lease();
  return std::move(steps_);
}

void Planner::renew_lease() {
  if (!steps_.empty()) return;  // nothing waits for it
  const bool anybody = std::any_of(world_.records.machines.begin(), world_.records.machines.end(),
                                   [](const auto& entry) { return entry.second.live(); });
  if (anybody && policy_.bucket && older_than(world_.lease_renewed_at, policy_.lease_every))
    steps_.emplace_back(RenewLease{});
}

std::optional<Offer> Planner::offer_for(const config::NodeGroup& group, int64_t job) const {
  std::string subnet;
  if (group.one_zone && job != 0)
    for (const auto& [name, machines] : holders_) {
      const NodeRecord* mate = node(name);
      const aws::Instance* seen = instance(machines.back()->id);
      if (mate && mate->wanted == Wanted::up && mate->job == job && seen) subnet = seen->subnet;
    }
  return offer_of(group, world_.records.pools, world_.now, subnet);
}

const slurm::Node* Planner::slurm_node(const NodeName& name) const {
  if (!world_.slurm) return nullptr;
  const auto found = world_.slurm->find(name);
  return found == world_.slurm->end() ? nullptr : &found->second;
}

const aws::Instance* Planner::instance(const InstanceId& id) const {
  if (!world_.cloud) return nullptr;
  const auto found = world_.cloud->find(id);
  return found == world_.cloud->end() ? nullptr : &found->second;
}

const NodeRecord* Planner::node(const NodeName& name) const {
  const auto found = world_.records.nodes.find(name);
  return found == world_.records.nodes.end() ? nullptr : &found->second;
}

std::string Planner::where(const InstanceId& id) const {
  const auto found = world_.cloud_of.find(id);
  return found == world_.cloud_of.end() ? std::string{} : found->second;
}

bool Planner::listed(const MachineRecord& machine) const {
  return machine.cloud.empty() || world_.clouds.contains(machine.cloud);
}

bool Planner::wants(const NodeName& name, int64_t epoch) const {
  const NodeRecord* record = node(name);
  return record && record->wanted == Wanted::up && record->epoch == epoch;
}

bool Planner::older_than(Time moment, Duration age) const {
  return world_.now - moment >= age;
}

const MachineRecord* Planner::current_machine(const NodeRecord& record) const {
  const auto found = holders_.find(record.name);
  if (found == holders_.end()) return nullptr;
  for (const MachineRecord* machine : found->second)
    if (machine->epoch == record.epoch) return machine;
  return nullptr;
}

bool Planner::holds_machine(const NodeName& name) const {
  return holders_.contains(name);
}

const config::NodeGroup* Planner::group_of(const NodeName& name) const {
  for (const auto& [group_name, group] : policy_.groups)
    if (group.index_of(name)) return &group;
  return nullptr;
}

std::vector<Step> plan(const World& world, const Policy& policy) {
  if (!world.recovered) return {};
  return Planner{world, policy}.steps();
}

bool in_motion(const World& world) {
  const Records& records = world.records;
  for (const auto& [intent, launch] : records.launches)
    if (launch.state == LaunchState::intended || (launch.state == LaunchState::answered && !launch.assigned))
      return true;
  std::set<NodeName> held;
  for (const auto& [id, machine] : records.machines) {
    if (machine.joined_at == kNever || machine.terminate_at != kNever || machine.unseen_since != kNever)
      return true;
    if (machine.live()) held.insert(machine.node);
  }
  for (const auto& [name, node] : records.nodes) {
    if (node.wanted == Wanted::failed) return true;
    if (held.empty() && node.wanted == Wanted::down) continue;
    if ((node.wanted == Wanted::up) != held.contains(name)) return true;
  }
  return false;
}

}  // namespace spillway::fleet
