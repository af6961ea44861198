#include "fleet/plan.h"

#include <algorithm>
#include <set>

#include "fleet/fleet_request.h"
#include "fleet/names.h"

namespace spillway::fleet {

const MachineRecord* machine_of(const Records& records, const NodeName& node) {
  const MachineRecord* newest = nullptr;
  for (const auto& [id, machine] : records.machines)
    if (machine.live() && machine.node == node && (!newest || machine.epoch > newest->epoch))
      newest = &machine;
  return newest;
}

Time hold_until(const Policy& policy, int failures, Time now) {
  Duration hold = policy.failure_hold;
  for (int i = 1; i < failures && hold < policy.longest_hold; ++i) hold *= 2;
  return now + std::min(hold, policy.longest_hold);
}

namespace {

constexpr Time kNever{};

/// Everything the parts of the plan need, looked up once.
class Planner {
 public:
  Planner(const World& world, const Policy& policy) : world_(world), policy_(policy) {
    for (const auto& [id, machine] : world_.records.machines)
      if (machine.live() && !machine.node.empty()) holders_[machine.node].push_back(&machine);
  }

  std::vector<Step> steps() {
    adopt();
    sight();
    close();
    assign();
    sweep();
    introduce();
    fail();
    give_back();
    terminate();
    rediscover();
    launch();
    tag();
    return std::move(steps_);
  }

 private:
  const slurm::Node* slurm_node(const NodeName& name) const {
    if (!world_.slurm) return nullptr;
    const auto found = world_.slurm->find(name);
    return found == world_.slurm->end() ? nullptr : &found->second;
  }
  const aws::Instance* instance(const InstanceId& id) const {
    if (!world_.cloud) return nullptr;
    const auto found = world_.cloud->find(id);
    return found == world_.cloud->end() ? nullptr : &found->second;
  }
  const NodeRecord* node(const NodeName& name) const {
    const auto found = world_.records.nodes.find(name);
    return found == world_.records.nodes.end() ? nullptr : &found->second;
  }
  /// Where an instance was listed.
  std::string where(const InstanceId& id) const {
    const auto found = world_.cloud_of.find(id);
    return found == world_.cloud_of.end() ? std::string{} : found->second;
  }
  /// Whether the machine would be in `world_.cloud` if it lived.
  bool listed(const MachineRecord& machine) const {
    return machine.cloud.empty() || world_.clouds.contains(machine.cloud);
  }
  bool wants(const NodeName& name, int64_t epoch) const {
    const NodeRecord* record = node(name);
    return record && record->wanted == Wanted::up && record->epoch == epoch;
  }
  bool older_than(Time moment, Duration age) const { return world_.now - moment >= age; }
  NodeRecord failed(const NodeRecord& before, std::string reason, bool marked_down = false) const {
    NodeRecord after = before;
    after.wanted = Wanted::failed;
    after.since = world_.now;
    after.failures = before.failures + 1;
    after.reason = std::move(reason);
    after.marked_down = marked_down;
    after.hold_until = fleet::hold_until(policy_, after.failures, world_.now);
    return after;
  }

  /// Instances with our tag that the journal does not know: of a launch whose answer was lost, or of a lost
  /// journal.
  void adopt() {
    if (!world_.cloud) return;
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

  /// One list that lacks a machine proves nothing: EC2 is not always of one mind, and an answer may be cut.
  /// So absence is noted, and counts when it lasts. A machine of an older epoch whose node Slurm shows alive
  /// serves the present one: a hook was called by hand.
  void sight() {
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

  /// Machines that EC2 shows dead, or has not listed for so long that they cannot be alive.
  void close() {
    if (!world_.cloud) return;
    std::map<std::string, Close> by_reason;
    for (const auto& [id, machine] : world_.records.machines) {
      const aws::Instance* seen = instance(id);
      std::string reason;
      if (seen && seen->state == "terminated") {
        reason = seen->state_reason.empty() ? "terminated" : seen->state_reason;
      } else if (!seen && listed(machine) && machine.unseen_since != kNever &&
                 older_than(machine.unseen_since, policy_.unseen_grace)) {
        reason = "EC2 no longer lists it";
      } else {
        continue;
      }
      closing_.insert(id);
      by_reason[reason].reason = reason;
      by_reason[reason].instances.push_back(id);
    }
    Unregister unregister;
    for (const InstanceId& id : closing_)
      if (name_is_to_go(world_.records.machines.at(id), world_, policy_)) unregister.instances.push_back(id);
    if (!unregister.instances.empty()) steps_.emplace_back(std::move(unregister));
    for (auto& [reason, step] : by_reason) steps_.emplace_back(std::move(step));
  }

  /// Gives a launch's instances to its nodes; a job whose nodes cannot all be had gets none of them.
  void assign() {
    for (const auto& [intent, launch] : world_.records.launches) {
      if (launch.state != LaunchState::answered || launch.assigned) continue;
      std::vector<const MachineRecord*> free;
      for (const auto& [id, machine] : world_.records.machines)
        if (machine.intent == intent && machine.live() && machine.node.empty() &&
            machine.terminate_at == kNever)
          free.push_back(&machine);
      std::vector<LaunchNode> wanting;
      for (const LaunchNode& each : launch.nodes)
        if (wants(each.node, each.epoch) && !holds_machine(each.node)) wanting.push_back(each);

      Assign step{.intent = intent,
                  .reason = launch.error.empty()
                                ? "InsufficientInstanceCapacity: fewer instances than asked for"
                                : launch.error};
      const std::set<NodeName> served = whole_jobs(wanting, free.size());
      auto next = free.begin();
      for (const LaunchNode& each : wanting) {
        if (!served.contains(each.node)) {
          step.short_of.push_back(each.node);
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

  /// Which nodes to serve with `machines`: in their order, but a job's nodes all or none.
  static std::set<NodeName> whole_jobs(const std::vector<LaunchNode>& wanting, size_t machines) {
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

  /// Names that a crash, an outage or a lost journal left behind.
  void sweep() {
    Sweep step{.stale = stale_names(world_)};
    if (!step.stale.empty() && world_.names_reachable) steps_.emplace_back(std::move(step));
  }

  /// Brings bound machines in: document, secrets, name, address; then notices that Slurm has them.
  void introduce() {
    std::map<IntentId, Publish> publish;
    Release release;
    Register names;
    SetAddresses addresses;
    MarkJoined joined;
    Withdraw withdraw;
    for (const auto& [id, machine] : world_.records.machines) {
      if (!machine.live() || machine.node.empty()) continue;
      const bool leaving = machine.terminate_at != kNever || closing_.contains(id);
      if ((machine.joined_at != kNever || leaving) && machine.released_at != kNever &&
          machine.withdrawn_at == kNever)
        withdraw.instances.push_back(id);
      if (leaving || !wants(machine.node, machine.epoch)) continue;
      if (policy_.bucket && machine.published_at == kNever) {
        publish[machine.intent].intent = machine.intent;
        publish[machine.intent].instances.push_back(id);
      }
      if (policy_.bucket && machine.released_at == kNever) release.instances.push_back(id);
      const aws::Instance* seen = instance(id);
      MachineRecord there = machine;
      if (seen && !seen->private_ip.empty()) there.address = seen->private_ip;
      if (!there.address.empty() && name_is_due(there, world_, policy_)) names.machines.push_back(there);
      if (machine.addressed_at == kNever && seen && !seen->private_ip.empty() && slurm_node(machine.node) &&
          may_be_announced(machine, world_, policy_))
        addresses.machines.push_back(std::move(there));
      const slurm::Node* in_slurm = slurm_node(machine.node);
      if (machine.joined_at == kNever && machine.addressed_at != kNever && in_slurm &&
          in_slurm->state.is_registered())
        joined.instances.push_back(id);
    }
    for (auto& [intent, step] : publish) steps_.emplace_back(std::move(step));
    if (!release.instances.empty()) steps_.emplace_back(std::move(release));
    if (!names.machines.empty()) steps_.emplace_back(std::move(names));
    if (!addresses.machines.empty()) steps_.emplace_back(std::move(addresses));
    if (!joined.instances.empty()) steps_.emplace_back(std::move(joined));
    if (!withdraw.instances.empty()) steps_.emplace_back(std::move(withdraw));
  }

  /// Nodes whose machine is lost, or that Slurm itself gave up.
  void fail() {
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
        if (known && (known->wanted != Wanted::down || !older_than(known->since, policy_.wish_grace)))
          continue;
        if (!in_slurm.state.is_down() || holds_machine(name) || !given_up(in_slurm)) continue;
        step.nodes.push_back(failed(known ? *known : NodeRecord{.name = name},
                                    fmt::format("Slurm set it DOWN: {}", in_slurm.reason), true));
      }
    if (!step.nodes.empty()) steps_.emplace_back(std::move(step));
  }

  /// Whether Slurm itself set the node DOWN, and not an administrator.
  static bool given_up(const slurm::Node& node) {
    return node.reason.starts_with("Not responding") || node.reason.starts_with("ResumeTimeout");
  }

  /// Tells Slurm about failed nodes, and gives them back when their machine is gone and they have rested.
  void give_back() {
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

  /// Machines that nobody wants any more. Never one whose node Slurm shows allocated, unless Slurm itself
  /// gave it up.
  void terminate() {
    std::map<std::string, Terminate> by_reason;
    Unregister unregister;  // first: nobody should look for a machine that is on its way out
    for (const auto& [id, machine] : world_.records.machines) {
      if (!machine.live() || closing_.contains(id)) continue;
      const std::string reason = reason_to_end(machine);
      if (reason.empty()) continue;
      if (name_is_to_go(machine, world_, policy_)) unregister.instances.push_back(id);
      if (machine.terminate_at != kNever && !asked_in_vain(machine)) continue;
      by_reason[reason].reason = reason;
      by_reason[reason].instances.push_back(id);
    }
    if (!unregister.instances.empty()) steps_.emplace_back(std::move(unregister));
    for (auto& [reason, step] : by_reason) steps_.emplace_back(std::move(step));
  }

  /// A termination was asked for some time ago and EC2 still shows the machine running.
  bool asked_in_vain(const MachineRecord& machine) const {
    const aws::Instance* seen = instance(machine.id);
    return seen && (seen->state == "running" || seen->state == "pending" || seen->state == "stopped") &&
           older_than(machine.terminate_at, policy_.wish_grace);
  }

  std::string reason_to_end(const MachineRecord& machine) const {
    if (!machine.end_reason.empty()) return machine.end_reason;  // decided before
    if (machine.node.empty()) {
      const auto launch = world_.records.launches.find(machine.intent);
      const bool being_assigned = launch != world_.records.launches.end() &&
                                  launch->second.state != LaunchState::failed && !launch->second.assigned;
      if (being_assigned || !older_than(machine.launched_at, policy_.unbound_grace)) return {};
      return allocated_address(machine) ? "" : "no node claims it";
    }
    const NodeRecord* record = node(machine.node);
    if (record && record->wanted == Wanted::up && record->epoch == machine.epoch) return {};
    const slurm::Node* in_slurm = slurm_node(machine.node);
    if (record && record->wanted == Wanted::failed) {
      // Slurm's word stands above a hook's: a late ResumeFailProgram ends no node that works.
      const bool works = !world_.slurm || (in_slurm && in_slurm->state.is_registered());
      return works ? "" : "failed: " + record->reason;
    }
    if (!in_slurm) return no_such_node(machine) ? "Slurm has no such node" : "";
    const slurm::NodeState& state = in_slurm->state;
    const bool next_epoch = record && record->epoch != machine.epoch && state.is_powering_up();
    const bool let_go = state.is_powering_down() || state.is_powered_down() || next_epoch;
    return let_go || state.is_down() ? "suspended"
                                     : "";  // a hook called by hand ends nothing that Slurm uses
  }

  /// Slurm was seen and does not know the machine's node: it was taken out of slurm.conf, and its jobs with
  /// it.
  bool no_such_node(const MachineRecord& machine) const {
    return world_.slurm && !world_.slurm->empty() && older_than(machine.launched_at, policy_.unbound_grace);
  }

  /// Whether Slurm has a busy node at this machine's address, though no binding says which.
  bool allocated_address(const MachineRecord& machine) const {
    if (!world_.slurm) return true;  // not seen: be careful
    const aws::Instance* seen = instance(machine.id);
    const IpAddress& address = seen ? seen->private_ip : machine.address;
    return !address.empty() &&
           std::any_of(world_.slurm->begin(), world_.slurm->end(), [&](const auto& entry) {
             return entry.second.address == address.value && entry.second.state.is_allocated();
           });
  }

  /// Wishes that Slurm's states show although their hook could not record them.
  void rediscover() {
    if (!world_.slurm) return;
    Rediscover step;
    for (const auto& [name, in_slurm] : *world_.slurm) {
      const NodeRecord* known = node(name);
      NodeRecord record = known ? *known : NodeRecord{.name = name};
      if (known && !older_than(known->since, policy_.wish_grace)) continue;
      if (record.wanted == Wanted::down && in_slurm.state.is_powering_up() &&
          !in_slurm.state.is_powering_down() && !holds_machine(name)) {
        record.wanted = Wanted::up;
        ++record.epoch;
      } else if (record.wanted == Wanted::down && current_machine(record) &&
                 current_machine(record)->terminate_at == kNever &&
                 (in_slurm.state.is_registered() ||
                  (in_slurm.state.is_powering_up() && !in_slurm.state.is_powering_down()))) {
        record.wanted = Wanted::up;  // suspended by hand: Slurm goes on with the node
      } else if (record.wanted == Wanted::failed && record.marked_down && in_slurm.state.is_registered() &&
                 current_machine(record)) {
        record.wanted = Wanted::up;  // a hook was late, or an administrator put it back to work
        record.reason.clear();
        record.marked_down = false;
      } else if (record.wanted == Wanted::up && !in_slurm.state.is_powering_up() &&
                 (in_slurm.state.is_powered_down() || in_slurm.state.is_powering_down())) {
        record.wanted = Wanted::down;
      } else {
        continue;
      }
      record.since = world_.now;
      step.nodes.push_back(std::move(record));
    }
    if (!step.nodes.empty()) steps_.emplace_back(std::move(step));
  }

  /// New launches, one or more for each group, and repeats of those without an answer.
  void launch() {
    std::set<NodeName> under_way;
    for (const auto& [intent, record] : world_.records.launches) {
      if (record.state == LaunchState::failed || record.assigned) continue;
      for (const LaunchNode& each : record.nodes) under_way.insert(each.node);
      const bool wanted = std::any_of(record.nodes.begin(), record.nodes.end(),
                                      [&](const LaunchNode& each) { return wants(each.node, each.epoch); });
      if (record.state == LaunchState::intended && record.tries > 0 && !wanted) {
        steps_.emplace_back(Abandon{record});
        continue;
      }
      if (record.state == LaunchState::intended && world_.now >= record.not_before)
        steps_.emplace_back(Launch{record});
    }
    if (!world_.cloud) return;  // without EC2's view a new launch may double what runs, and is likely to fail
    std::map<GroupName, std::vector<LaunchNode>> wanted;
    for (const auto& [name, record] : world_.records.nodes) {
      if (record.wanted != Wanted::up || holds_machine(name) || under_way.contains(name)) continue;
      if (const config::NodeGroup* group = group_of(name))
        wanted[group->group()].push_back({name, record.epoch, record.job});
    }
    for (auto& [name, nodes] : wanted) {
      // Jobs together, so that a call holds whole jobs where it can.
      std::stable_sort(nodes.begin(), nodes.end(),
                       [](const auto& a, const auto& b) { return a.job < b.job; });
      for (size_t from = 0; from < nodes.size(); from += policy_.launch_at_most) {
        const auto first = nodes.begin() + static_cast<std::ptrdiff_t>(from);
        const auto last = nodes.begin() +
                          static_cast<std::ptrdiff_t>(std::min(from + policy_.launch_at_most, nodes.size()));
        LaunchRecord record{.group = name, .nodes = {first, last}, .made_at = world_.now};
        record.intent = intent_of(world_.generation, name, record.nodes);
        record.request = fleet_request(policy_, policy_.groups.at(name), record.intent, world_.generation,
                                       record.nodes.size());
        steps_.emplace_back(Launch{std::move(record)});
      }
    }
  }

  void tag() {
    WriteTags step;
    for (const auto& [id, machine] : world_.records.machines) {
      if (!machine.live() || machine.addressed_at == kNever || machine.tagged_at != kNever ||
          machine.terminate_at != kNever || !policy_.groups.contains(machine.group))
        continue;
      if (step.machines.size() < policy_.tags_at_most) step.machines.push_back(machine);
    }
    if (!step.machines.empty()) steps_.emplace_back(std::move(step));
  }

  /// The machine of the node's present epoch.
  const MachineRecord* current_machine(const NodeRecord& record) const {
    const auto found = holders_.find(record.name);
    if (found == holders_.end()) return nullptr;
    for (const MachineRecord* machine : found->second)
      if (machine->epoch == record.epoch) return machine;
    return nullptr;
  }
  /// Whether an instance that is not seen dead carries this node's name: until then no other may.
  bool holds_machine(const NodeName& name) const { return holders_.contains(name); }
  const config::NodeGroup* group_of(const NodeName& name) const {
    for (const auto& [group_name, group] : policy_.groups)
      if (group.index_of(name)) return &group;
    return nullptr;
  }

  const World& world_;
  const Policy& policy_;
  std::map<NodeName, std::vector<const MachineRecord*>> holders_;
  std::set<InstanceId> closing_;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> plan(const World& world, const Policy& policy) {
  if (!world.recovered) return {};
  return Planner{world, policy}.steps();
}

bool in_motion(const World& world) {
  const Records& records = world.records;
  for (const auto& [intent, launch] : records.launches)
    if (launch.state == LaunchState::intended || (launch.state == LaunchState::answered && !launch.assigned))
      return true;
  for (const auto& [id, machine] : records.machines)
    if (machine.joined_at == kNever || machine.terminate_at != kNever || machine.unseen_since != kNever)
      return true;
  for (const auto& [name, node] : records.nodes)
    if (node.wanted == Wanted::failed ||
        (node.wanted == Wanted::up) != (machine_of(records, name) != nullptr))
      return true;
  return false;
}

}  // namespace spillway::fleet
