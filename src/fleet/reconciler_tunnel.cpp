// The reconciler's look at the keys that nodes make for the tunnel.
#include <algorithm>

#include "fleet/reconciler.h"

namespace spillway::fleet {
namespace {

constexpr auto kTunnelEvery = std::chrono::minutes{5};  // all is looked at and told again

}  // namespace

void Reconciler::look_at_keys(Pass& pass, Deadline deadline) {
  if (!policy_.node_tunnel || !outside_.bucket || policy_.compute_role_id.empty()) return;
  if (world_.now - peers_told_at_ >= kTunnelEvery) peers_.reset();
  const bool somebody_new =
      std::any_of(world_.records.machines.begin(), world_.records.machines.end(), [&](const auto& entry) {
        const MachineRecord& machine = entry.second;
        return machine.live() && !machine.node.empty() && machine.terminate_at == Time{} && keys_ &&
               !keys_->contains(machine.id);
      });
  if (!keys_ || somebody_new || world_.now - keys_listed_at_ >= kTunnelEvery) {
    const std::string prefix = vpn::node_keys_prefix(policy_.cluster.value, policy_.compute_role_id);
    if (const auto found = outside_.bucket->list(prefix, deadline)) {
      keys_.emplace();
      // The first of each instance: it makes one, and a second would be somebody's who has become root there.
      for (const std::string& object : *found)
        if (auto key = vpn::parse_named_key(prefix, object)) keys_->emplace(key->instance, *key);
      keys_listed_at_ = world_.now;
    } else {
      trouble(pass, Error{found.error()}.during("look at the nodes' keys"));
    }
  }
  world_.keys = keys_;
  world_.peers = peers_;
}

void Reconciler::note_tunnel(const Step& step) {
  if (const auto* told = std::get_if<Connect>(&step)) {
    world_.peers = peers_ = told->peers;
    peers_told_at_ = world_.now;
  } else if (const auto* gone = std::get_if<Forget>(&step)) {
    std::erase_if(*keys_, [&](const auto& entry) {
      return std::find(gone->objects.begin(), gone->objects.end(), entry.second.object) !=
             gone->objects.end();
    });
    world_.keys = keys_;
  }
}

}  // namespace spillway::fleet
