#include "fleet/node_reset.h"

#include <set>

#include "fleet/offerings.h"
#include "fleet/parking.h"
#include "slurm/hostlist.h"

namespace spillway::fleet {
namespace {

constexpr Code kNotEmpty{
    "SPW-FLEET-006", "a failed node whose instance lives is not reset by hand",
    "wait until it is gone, or suspend it: scontrol update nodename=NODE state=power_down"};
constexpr Code kNothing{
    "SPW-FLEET-012",
    "only a failed node rests, only a parked group is released, only an offering that rests is asked again",
    "spillway node ls; spillway status"};

}  // namespace

Result<Reset> reset_of(const Records& records, const Policy& policy, const std::vector<NodeName>& nodes,
                       Time now) {
  Reset out;
  for (const NodeName& name : nodes) {
    const auto node = records.nodes.find(name);
    if (node != records.nodes.end() && node->second.wanted == Wanted::failed) {
      if (const MachineRecord* machine = machine_of(records, name))
        return Error{Kind::conflict, kNotEmpty,
                     fmt::format("{} still has the instance {}", name, machine->id)};
      out.nodes.push_back(name);
    }
    for (const auto& [group_name, group] : policy.groups) {
      if (!group.index_of(name)) continue;
      const auto parked = records.groups.find(group_name);
      if (parked != records.groups.end() && now < parked->second.parked_until)
        out.groups[group_name] = parked->second.reason;
      for (const std::string& pool : pools_of(group))
        if (const auto resting = records.pools.find(pool);
            resting != records.pools.end() && now < resting->second.until)
          out.pools[pool] = resting->second.reason;
    }
  }
  if (out.empty())
    return Error{Kind::not_found, kNothing, fmt::format("nothing of {} is to be reset", slurm::fold(nodes))};
  return out;
}

Result<void> reset(Journal& journal, const Reset& what, Time now) {
  return journal.transaction([&]() -> Result<void> {
    for (const NodeName& name : what.nodes) {
      auto node = TRY(journal.node(name));
      if (!node || node->wanted != Wanted::failed) continue;  // somebody was faster
      node->hold_until = now;
      node->failures = 0;
      TRY(journal.save(*node));
      TRY(journal.note({.at = now, .event = "reset", .node = name, .detail = "by hand"}));
    }
    for (const auto& [group, reason] : what.groups) {
      TRY(forgive(journal, group));
      TRY(journal.note({.at = now, .event = "released", .detail = fmt::format("{}: by hand", group)}));
    }
    for (const auto& [pool, reason] : what.pools) {
      TRY(journal.forget_pool(pool));
      TRY(journal.note({.at = now, .event = "released", .detail = fmt::format("{}: by hand", pool)}));
    }
    return {};
  });
}

Json to_json(const Reset& what, bool dry_run) {
  Json nodes = Json::array(), groups = Json::array(), pools = Json::array();
  for (const NodeName& name : what.nodes) nodes.push(name.value);
  for (const auto& [group, reason] : what.groups)
    groups.push(Json::object({{"group", group.value}, {"reason", reason}}));
  for (const auto& [pool, reason] : what.pools)
    pools.push(Json::object({{"pool", pool}, {"reason", reason}}));
  return Json::object({{"schema", "spillway.node-reset/v1"},
                       {"dry_run", dry_run},
                       {"nodes", std::move(nodes)},
                       {"groups", std::move(groups)},
                       {"pools", std::move(pools)}});
}

std::string to_text(const Reset& what, bool dry_run) {
  const char* would = dry_run ? "would " : "";
  std::string text;
  if (!what.nodes.empty()) text += fmt::format("{}reset {}\n", would, slurm::fold(what.nodes));
  for (const auto& [group, reason] : what.groups)
    text += fmt::format("{}release group {}, parked: {}\n", would, group, reason);
  for (const auto& [pool, reason] : what.pools)
    text += fmt::format("{}ask again for {}, which rested: {}\n", would, pool, reason);
  return text;
}

}  // namespace spillway::fleet
