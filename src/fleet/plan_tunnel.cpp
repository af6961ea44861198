// With vpn.mode: node, who the premises' gateway's peers are. The whole list is computed anew each time from
// the machines that live and the keys that they named, so that no crash and no lost journal leaves a stale
// peer behind.
#include <algorithm>

#include "fleet/planner.h"

namespace spillway::fleet {

void Planner::connect() {
  if (!policy_.node_tunnel || !world_.cloud || !world_.keys) return;
  Connect step;
  std::set<IpAddress> addresses;
  std::set<vpn::PublicKey> keys;
  const auto add = [&](const MachineRecord& machine, const IpAddress& address) {
    const auto key = world_.keys->find(machine.id);
    if (address.empty() || key == world_.keys->end()) return;
    // What two would have belongs to who had it first: a node that names another's key gains nothing by it.
    if (addresses.contains(address) || keys.contains(key->second.public_key)) return;
    addresses.insert(address);
    keys.insert(key->second.public_key);
    step.peers.push_back({machine.node, machine.id, key->second.public_key, address});
  };
  std::vector<const MachineRecord*> unseen, seen;
  for (const auto& [id, machine] : world_.records.machines) {
    if (!machine.live() || machine.node.empty() || closing_.contains(id)) continue;
    (instance(id) ? seen : unseen).push_back(&machine);
  }
  for (auto* group : {&seen, &unseen})
    std::stable_sort(group->begin(), group->end(), [](const MachineRecord* a, const MachineRecord* b) {
      return a->launched_at < b->launched_at;
    });
  // Where EC2 shows an instance now counts more than where a missing one was.
  for (const MachineRecord* machine : seen) add(*machine, instance(machine->id)->private_ip);
  for (const MachineRecord* machine : unseen) add(*machine, machine->address);
  std::sort(step.peers.begin(), step.peers.end());
  if (world_.peers != step.peers) steps_.emplace_back(std::move(step));
}

void Planner::forget_keys() {
  if (!policy_.node_tunnel || !world_.cloud || !world_.keys) return;
  Forget step;
  for (const auto& [id, key] : *world_.keys) {
    // Nodes name their key after the launch document named them, so whoever is not in the journal by now was
    // there before it; and is gone, if EC2 does not show it either.
    const auto machine = world_.records.machines.find(id);
    const aws::Instance* seen = instance(id);
    const bool gone = machine == world_.records.machines.end() ? !seen || seen->state == "terminated"
                                                               : !machine->second.live();
    if (gone) step.objects.push_back(key.object);
  }
  if (!step.objects.empty()) steps_.emplace_back(std::move(step));
}

}  // namespace spillway::fleet
