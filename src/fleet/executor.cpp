#include "fleet/executor.h"

#include <algorithm>

#include "base/log.h"
#include "base/planted.h"
#include "fleet/fleet_request.h"
#include "fleet/layout.h"
#include "fleet/parking.h"

namespace spillway::fleet {

namespace {
constexpr Duration kRestAfterSpot = std::chrono::minutes{10};
}

std::string cloud_of(const std::string& profile, const std::string& region) {
  return profile + "/" + region;
}

Result<void> Executor::execute(const Step& step, const Records& records, Deadline deadline) {
  const auto carry_out = [&] {
    return std::visit([&](const auto& each) { return act(each, records, deadline); }, step);
  };
  return outside_.around ? outside_.around(step, carry_out) : carry_out();
}

Result<void> Executor::note(std::string_view event, const NodeName& node, const InstanceId& instance,
                            const IntentId& intent, int64_t job, std::string detail) {
  return journal_.note({.at = now(),
                        .event = std::string(event),
                        .node = node,
                        .instance = instance,
                        .intent = intent,
                        .job = job,
                        .detail = std::move(detail)});
}

Result<void> Executor::update(const std::vector<InstanceId>& instances, std::string_view event,
                              std::string detail, const MachineChange& change) {
  return journal_.transaction([&]() -> Result<void> {
    for (const InstanceId& id : instances) {
      auto machine = TRY(journal_.machine(id));
      if (!machine) continue;
      change(*machine);
      TRY(journal_.save(*machine));
      if (!event.empty()) TRY(note(event, machine->node, id, machine->intent, 0, detail));
    }
    return {};
  });
}

Result<void> Executor::update(const std::vector<NodeName>& nodes, std::string_view event,
                              const NodeChange& change) {
  return journal_.transaction([&]() -> Result<void> {
    for (const NodeName& name : nodes) {
      auto node = TRY(journal_.node(name));
      if (!node) continue;
      change(*node);
      TRY(journal_.save(*node));
      if (!event.empty()) TRY(note(event, name, {}, {}, node->job, node->reason));
    }
    return {};
  });
}

Result<void> Executor::fail(const std::vector<LaunchNode>& nodes, const std::string& reason, Time until) {
  std::vector<NodeName> wanting;
  for (const LaunchNode& each : nodes) {
    const auto node = TRY(journal_.node(each.node));
    if (node && node->epoch == each.epoch && node->wanted == Wanted::up) wanting.push_back(each.node);
  }
  return update(wanting, "failed", [&](NodeRecord& node) {
    node.wanted = Wanted::failed;
    node.since = now();
    node.reason = reason;
    node.marked_down = false;
    ++node.failures;
    node.hold_until = std::max(until, hold_until(policy_, node.failures, now()));
  });
}

Result<void> Executor::act(const Assign& step, const Records& records, Deadline) {
  const auto found = records.launches.find(step.intent);
  if (found == records.launches.end()) return {};
  LaunchRecord launch = found->second;
  return journal_.transaction([&]() -> Result<void> {
    for (const MachineRecord& bound : step.bound)
      TRY(update({bound.id}, "bound", "", [&](MachineRecord& m) {
        m.node = bound.node;
        m.epoch = bound.epoch;
      }));
    if (!planted(Bug::surplus_kept))
      TRY(update(step.surplus, "surplus", "more instances than nodes that can use them",
                 [](MachineRecord& m) { m.end_reason = "surplus"; }));
    std::vector<LaunchNode> without;
    for (const LaunchNode& each : launch.nodes)
      if (std::find(step.short_of.begin(), step.short_of.end(), each.node) != step.short_of.end())
        without.push_back(each);
    TRY(fail(without, step.reason, step.hold_until));
    TRY(update(step.again, "again", [](NodeRecord& node) { ++node.attempt; }));
    launch.assigned = true;
    return journal_.save(launch);
  });
}

Result<void> Executor::act(const SetAddresses& step, const Records&, Deadline deadline) {
  std::vector<slurm::AddressUpdate> updates;
  for (const MachineRecord& machine : step.machines)
    updates.push_back({machine.node, machine.address, hostname_of(machine.address)});
  if (planted(Bug::one_address_for_all))
    for (auto& update : updates) update.address = updates.front().address;
  if (planted(Bug::swapped_addresses))
    for (size_t i = 0; i + 1 < updates.size(); i += 2) std::swap(updates[i].address, updates[i + 1].address);
  TRY(outside_.slurm.set_addresses(updates, deadline));
  return journal_.transaction([&]() -> Result<void> {
    for (const MachineRecord& machine : step.machines)
      TRY(update({machine.id}, "addressed", machine.address.value, [&](MachineRecord& m) {
        m.address = machine.address;
        m.addressed_at = now();
      }));
    return note_unnamed(step.machines);
  });
}

Result<void> Executor::note_unnamed(const std::vector<MachineRecord>& machines) {
  if (!policy_.names) return {};
  std::vector<InstanceId> unnamed;
  for (const MachineRecord& machine : machines)
    if (machine.registered_at == Time{} && machine.name_trouble.empty()) unnamed.push_back(machine.id);
  if (unnamed.empty()) return {};
  log::error("dns", "{} nodes go on without their names: the name server has not worked for {} s",
             unnamed.size(),
             std::chrono::duration_cast<std::chrono::seconds>(policy_.names_patience).count());
  const std::string trouble = "the name server did not take it in time; it is tried again";
  return update(unnamed, "unnamed", trouble, [&](MachineRecord& m) { m.name_trouble = trouble; });
}

Result<void> Executor::act(const MarkJoined& step, const Records& records, Deadline) {
  std::vector<NodeName> recovered, joined;
  std::set<GroupName> groups;
  for (const InstanceId& id : step.instances) {
    const auto machine = records.machines.find(id);
    if (machine == records.machines.end()) continue;
    groups.insert(machine->second.group);
    const auto node = records.nodes.find(machine->second.node);
    if (node == records.nodes.end()) continue;
    joined.push_back(node->first);
    if (node->second.failures > 0) recovered.push_back(node->first);
  }
  return journal_.transaction([&]() -> Result<void> {
    TRY(update(recovered, "healthy", [](NodeRecord& node) { node.failures = 0; }));
    TRY(update(joined, "", [](NodeRecord& node) { node.joined_epoch = node.epoch; }));
    for (const GroupName& group : groups) TRY(forgive(journal_, group));
    return update(step.instances, "joined", "", [&](MachineRecord& m) { m.joined_at = now(); });
  });
}

Result<void> Executor::act(const Close& step, const Records&, Deadline) {
  return journal_.transaction([&]() -> Result<void> {
    TRY(rest_taken(step.pools, step.reason));
    return update(step.instances, "terminated", step.reason, [&](MachineRecord& m) {
      m.closed_at = now();
      if (m.end_reason.empty()) m.end_reason = step.reason;
    });
  });
}

/// Where EC2 takes machines back, it will take back the next ones too. Source: row 49.
Result<void> Executor::rest_taken(const std::set<std::string>& pools, const std::string& reason) {
  for (const std::string& pool : pools) {
    const PoolRecord before = TRY(journal_.pool(pool));
    if (now() >= before.until) TRY(journal_.save(benched(before, kRestAfterSpot, reason, now())));
  }
  return {};
}

Result<void> Executor::act(const Interrupt& step, const Records&, Deadline deadline) {
  std::vector<InstanceId> ids;
  for (const MachineRecord& machine : step.machines) ids.push_back(machine.id);
  TRY(journal_.transaction([&]() -> Result<void> {
    TRY(rest_taken(step.pools, step.reason));
    for (const MachineRecord& machine : step.machines)
      TRY(update({machine.id}, "interrupted", step.reason,
                 [&](MachineRecord& m) { m.interrupted_at = machine.interrupted_at; }));
    return {};
  }));
  // A job that has just ended cannot be told, and need not be.
  for (const int64_t job : step.jobs)
    if (auto told = outside_.slurm.signal_job(job, "TERM", deadline); !told && told.error().retryable())
      return told;
  return update(ids, "", "", [&](MachineRecord& m) { m.signalled_at = now(); });
}

Result<void> Executor::act(const Requeue& step, const Records&, Deadline deadline) {
  for (const int64_t job : step.jobs) {
    const auto done = outside_.slurm.requeue(job, deadline);
    if (!done && done.error().retryable()) return done;
    TRY(note(done ? "requeued" : "not-requeued", {}, {}, {}, job,
             done ? "EC2 takes its node back" : done.error().what));
  }
  return {};
}

Result<void> Executor::act(const RenewLease&, const Records&, Deadline deadline) {
  if (!outside_.bucket) return {};
  return outside_.bucket->put(lease_key(policy_.cluster), lease_document(now()).dump(), deadline);
}

Result<void> Executor::act(const Fail& step, const Records&, Deadline) {
  return journal_.transaction([&]() -> Result<void> {
    for (const NodeRecord& node : step.nodes) {
      TRY(journal_.save(node));
      TRY(note("failed", node.name, {}, {}, node.job, node.reason));
    }
    for (const auto& [group, failures] : step.boot_failures)
      TRY(count_boot_failures(journal_, policy_, group, failures, step.nodes.back().reason, now()));
    return {};
  });
}

Result<void> Executor::act(const MarkDown& step, const Records&, Deadline deadline) {
  TRY(outside_.slurm.set_state(step.nodes, slurm::NodeAction::down, "spillway: " + step.reason, deadline));
  return update(step.nodes, "down", [&](NodeRecord& node) {
    node.marked_down = true;
    // Slurm needs a moment between DOWN and its reset, or the requeue of the node's jobs is lost.
    node.hold_until = std::max(node.hold_until, now() + std::chrono::seconds{1});
  });
}

Result<void> Executor::act(const PowerDown& step, const Records&, Deadline deadline) {
  TRY(outside_.slurm.set_state(step.nodes, slurm::NodeAction::power_down, "", deadline));
  return update(step.nodes, "power-down", [](NodeRecord&) {});
}

Result<void> Executor::act(const Drain& step, const Records&, Deadline deadline) {
  return outside_.slurm.set_state(step.nodes, slurm::NodeAction::drain,
                                  fmt::format("{}: {}", kParkedReason, step.reason), deadline);
}

Result<void> Executor::act(const Undrain& step, const Records&, Deadline deadline) {
  return outside_.slurm.set_state(step.nodes, slurm::NodeAction::undrain, "", deadline);
}

Result<void> Executor::act(const GiveBack& step, const Records&, Deadline deadline) {
  TRY(outside_.slurm.set_state(step.nodes, slurm::NodeAction::power_down_force, "", deadline));
  if (!step.addressed.empty()) TRY(outside_.slurm.reset_addresses(step.addressed, deadline));
  return update(step.nodes, "given-back", [&](NodeRecord& node) {
    node.wanted = Wanted::down;
    node.since = now();
  });
}

Result<void> Executor::act(const Rediscover& step, const Records&, Deadline) {
  return journal_.transaction([&]() -> Result<void> {
    for (const NodeRecord& node : step.nodes) {
      TRY(journal_.save(node));
      TRY(note(node.wanted == Wanted::up ? "resume" : "suspend", node.name, {}, {}, 0,
               "found in Slurm's state; no hook recorded it"));
    }
    return {};
  });
}

Result<void> Executor::act(const Abandon& step, const Records&, Deadline) {
  LaunchRecord launch = step.record;
  launch.state = LaunchState::failed;
  launch.answered_at = now();
  return journal_.transaction([&]() -> Result<void> {
    TRY(note("abandoned", {}, {}, launch.intent, 0, launch.error));
    return journal_.save(launch);
  });
}

Result<void> Executor::act(const Sight& step, const Records&, Deadline) {
  return journal_.transaction([&]() -> Result<void> {
    for (const MachineRecord& machine : step.machines) {
      TRY(journal_.save(machine));
      TRY(note(machine.unseen_since == Time{} ? "seen" : "unseen", machine.node, machine.id, machine.intent,
               0, ""));
    }
    return {};
  });
}

Result<void> Executor::act(const Adopt& step, const Records&, Deadline) {
  return journal_.transaction([&]() -> Result<void> {
    for (const MachineRecord& machine : step.machines) {
      if (auto known = TRY(journal_.machine(machine.id))) {  // taken for dead too early
        known->closed_at = known->unseen_since = known->registered_at = known->unregistered_at = Time{};
        if (known->terminate_at == Time{}) known->end_reason.clear();
        TRY(journal_.save(*known));
        TRY(note("reopened", known->node, known->id, known->intent, 0, "EC2 lists it again"));
        continue;
      }
      TRY(journal_.save(machine));
      TRY(note("adopted", {}, machine.id, machine.intent, 0, "carries our tag and was unknown"));
    }
    return {};
  });
}

}  // namespace spillway::fleet
