#include "sim/machines.h"

#include "fleet/layout.h"
#include "sim/action.h"

namespace spillway::sim {

void Machines::start(const emu::Machine& machine, Time now) {
  const auto quarters =
      static_cast<uint64_t>((setting_.boot_most - setting_.boot_least).count() / 250'000) + 1;
  const Duration boot =
      setting_.boot_least + std::chrono::milliseconds{250} * (mix(setting_.seed, 77, ++started_) % quarters);
  bodies_.insert_or_assign(machine.id, Body{.machine = machine, .up_at = now + boot});
}

void Machines::stop(const InstanceId& id) {
  const auto found = bodies_.find(id);
  if (found == bodies_.end()) return;
  const Body body = found->second;
  bodies_.erase(found);
  if (!body.node.empty() && slurm_.look(body.node).address == body.machine.private_ip.value)
    slurm_.lose(body.node);
}

bool Machines::learn(Body& body) const {
  const auto instance = cloud_.account().instances.find(body.machine.id.value);
  if (instance == cloud_.account().instances.end()) return false;
  const auto tag = [&](const char* key) {
    const auto found = instance->second.tags.find(key);
    return found == instance->second.tags.end() ? std::string{} : found->second;
  };
  if (!setting_.bucket) {
    body.node = NodeName{tag("Name")};
    return !body.node.empty();
  }
  const auto& objects = cloud_.objects();
  const auto document = objects.find(fleet::launch_key(setting_.cluster, IntentId{tag("spillway:intent")}));
  if (document == objects.end()) return false;
  if (!objects.contains(fleet::released_key(setting_.cluster, kRole, body.machine.id, "munge.key")))
    return false;
  const auto bound = fleet::read_launch_document(*document->second.content);
  if (!bound) return false;
  for (const auto& machine : *bound)
    if (machine.id == body.machine.id) body.node = machine.node;
  return !body.node.empty();
}

void Machines::move(Time now, bool slurmctld_answers, bool tunnel_is_up) {
  for (auto& [id, body] : bodies_) {
    if (now < body.up_at) continue;
    if (body.node.empty() && !learn(body)) continue;
    if (body.slurmd_at == Time{}) body.slurmd_at = now;
    const slurm::Node& node = slurm_.look(body.node);
    const bool in = node.state.is_registered() && node.address == body.machine.private_ip.value;
    if (now < body.cut_until || !tunnel_is_up) {
      if (in) slurm_.lose(body.node);
    } else if (!in && slurmctld_answers) {
      slurm_.register_node(body.node, body.machine.private_ip, body.slurmd_at);
    }
  }
}

void Machines::cut_off(const NodeName& node, Time until) {
  for (auto& [id, body] : bodies_)
    if (body.node == node) body.cut_until = until;
}

NodeName Machines::name_of(const InstanceId& id) const {
  const auto found = bodies_.find(id);
  return found == bodies_.end() ? NodeName{} : found->second.node;
}

}  // namespace spillway::sim
