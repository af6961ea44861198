#include "fleet/data_watch.h"

#include "base/log.h"

namespace spillway::fleet {
namespace {

constexpr auto kPatience = std::chrono::seconds{20};
constexpr auto kFetchAgain =
    std::chrono::minutes{5};  // one that runs still holds its lock, and another one ends at once

}  // namespace

staging::NodeLook look_at_node(const World& world, const NodeName& name) {
  staging::NodeLook out;
  for (const auto& [id, machine] : world.records.machines)
    if (machine.node == name && machine.live()) {
      out.instance = id.value;
      out.live = true;
    }
  // What was not seen is taken for alive and at work: nothing is given up for it.
  if (!world.slurm) return {.instance = out.instance, .live = true, .busy = true};
  const auto node = world.slurm->find(name);
  // A node that is none of ours is on the premises: it does not go.
  if (node == world.slurm->end()) return {.instance = out.instance, .live = true};
  out.busy = node->second.state.is_allocated();
  return out;
}

std::set<NodeName> DataWatch::nodes_to_keep() {
  auto kept = journal_.nodes_to_keep();
  if (kept)
    kept_ = *std::move(kept);
  else
    log::error("staging", "{}", to_string(kept.error()));
  return kept_;
}

void DataWatch::tend(const World& world) {
  const staging::NodesLook look = [&](const NodeName& name) { return look_at_node(world, name); };
  const Deadline deadline = Deadline::after(kPatience);
  if (const auto orders = stager_.tend_orders(look, deadline); !orders)
    log::warning("staging", "{}", to_string(orders.error()));
  const auto ready = stager_.tend_markers(look, deadline);
  if (!ready) return log::warning("staging", "{}", to_string(ready.error()));
  for (const staging::JobRun& run : *ready) {
    Time& last = fetched_[run.id()];
    if (last != Time{} && clock_.now() - last < kFetchAgain) continue;
    last = clock_.now();
    fetch_(run);
  }
}

}  // namespace spillway::fleet
