#include "sim/ledger.h"

#include "fleet/layout.h"

namespace spillway::sim {
namespace {

void note(std::map<InstanceId, Time>& since, const InstanceId& id, bool so, Time now) {
  if (so)
    since.try_emplace(id, now);
  else
    since.erase(id);
}

}  // namespace

bool is_ours(const View& view, const emu::Instance& instance) {
  const auto cluster = instance.tags.find("spillway:cluster");
  return cluster != instance.tags.end() && cluster->second == view.policy.cluster.value;
}

void Ledger::look(const View& view) {
  std::set<NodeName> held;
  for (const auto& [id, job] : view.slurm.jobs_now()) held.insert(job.nodes.begin(), job.nodes.end());
  for (const auto& [text, instance] : view.account.instances) {
    if (!is_ours(view, instance)) continue;
    const InstanceId& id = instance.id;
    const auto machine = view.disk.machines.find(id);
    const bool known = machine != view.disk.machines.end();
    const NodeName node = known ? machine->second.node : NodeName{};
    note(unbound_since, id, runs(instance) && node.empty(), view.now);
    const auto launch = known ? view.disk.launches.find(machine->second.intent) : view.disk.launches.end();
    const bool assigned = launch != view.disk.launches.end() && launch->second.assigned;
    note(surplus_since, id, runs(instance) && known && node.empty() && assigned, view.now);
    bool useful = node.empty();
    if (!node.empty()) {
      const slurm::NodeState& state = view.slurm.look(node).state;
      useful = held.contains(node) || state.is_powering_up();
    }
    note(useless_since, id, runs(instance) && !useful, view.now);
  }
  for (const auto& [name, record] : view.disk.nodes) {
    const slurm::Node& node = view.slurm.look(name);
    const bool illegal =
        (node.state.has(slurm::NodeState::kPoweredDown) && node.state.base == slurm::NodeState::Base::idle &&
         node.state.has(slurm::NodeState::kNotResponding)) ||
        (node.state.is_down() && node.reason.empty());
    if (illegal)
      illegal_since.try_emplace(name, view.now);
    else
      illegal_since.erase(name);
    if (node.state.is_registered()) attempts.erase(name);
  }
}

void Ledger::forget_secret_bindings(const View& view) {
  std::erase_if(bound, [&](const auto& entry) {
    const auto& [id, node] = entry;
    const auto instance = view.account.instances.find(id.value);
    if (instance == view.account.instances.end()) return true;
    if (view.slurm.look(node).address == instance->second.private_ip) return false;
    const auto intent = instance->second.tags.find("spillway:intent");
    const auto& objects = view.account.buckets.find(kBucket)->second.objects;
    const auto document = objects.find(fleet::launch_key(view.policy.cluster, IntentId{intent->second}));
    return document == objects.end() || document->second.content->find(id.value) == std::string::npos;
  });
}

}  // namespace spillway::sim
