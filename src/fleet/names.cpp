#include "fleet/names.h"

#include <algorithm>

namespace spillway::fleet {
namespace {

constexpr Time kNever{};

}  // namespace

dns::Binding binding_of(const MachineRecord& machine) {
  dns::Binding binding{.node = machine.node, .addresses = {}, .instance = machine.id};
  if (!machine.address.empty()) binding.addresses.push_back(machine.address);
  return binding;
}

bool may_be_announced(const MachineRecord& machine, const World& world, const Policy& policy) {
  const bool had_its_time =
      world.names_failing_since && world.now - *world.names_failing_since >= policy.names_patience;
  return !policy.names || machine.registered_at != kNever || !machine.name_trouble.empty() || had_its_time;
}

bool name_is_due(const MachineRecord& machine, const World& world, const Policy& policy) {
  if (!policy.names || !world.names_reachable) return false;
  // What is known to be in somebody else's way is tried again only when the server is looked at anyway.
  if (machine.registered_at == kNever) return machine.name_trouble.empty() || world.names.has_value();
  if (!world.names) return false;
  return std::find(world.names->begin(), world.names->end(), binding_of(machine)) == world.names->end();
}

bool name_is_to_go(const MachineRecord& machine, const World& world, const Policy& policy) {
  return policy.names && world.names_reachable && machine.registering_at != kNever &&
         machine.unregistered_at == kNever;
}

std::vector<dns::Binding> stale_names(const World& world) {
  std::vector<dns::Binding> stale;
  if (!world.names) return stale;
  for (const dns::Binding& found : *world.names) {
    const auto machine = world.records.machines.find(found.instance);
    const bool holds = machine != world.records.machines.end() && machine->second.live() &&
                       machine->second.node == found.node && machine->second.unregistered_at == kNever;
    if (!holds) stale.push_back(found);
  }
  return stale;
}

std::vector<NodeName> known_names(const Records& records, const Policy& policy) {
  std::set<NodeName> all;
  for (const auto& [name, group] : policy.groups)
    for (int i = 0; i < group.max_nodes; ++i) all.insert(group.node(i));
  for (const auto& [name, node] : records.nodes) all.insert(name);
  return {all.begin(), all.end()};
}

}  // namespace spillway::fleet
