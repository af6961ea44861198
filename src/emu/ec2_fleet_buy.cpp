#include <algorithm>
#include <cmath>

#include "emu/ec2_fleet.h"

namespace spillway::emu {
namespace {

using Pools = std::vector<const Pool*>;

/// Orders by size for the price strategies: this model has no prices, and within a family price follows size.
Pools arranged(const std::vector<Pool>& all, const std::string& strategy) {
  Pools pools;
  for (const Pool& pool : all) pools.push_back(&pool);
  auto size = [](const Pool* pool) {
    const TypeFacts* type = find_type(pool->data.type);
    return type ? type->vcpus / pool->weight : 0;
  };
  std::stable_sort(pools.begin(), pools.end(), [&](const Pool* a, const Pool* b) {
    if (strategy.ends_with("prioritized")) return a->priority < b->priority;
    if (strategy.ends_with("lowest-price") || strategy.ends_with("lowestPrice")) return size(a) < size(b);
    return a->place < b->place;
  });
  return pools;
}

/// The pools apart by what the fleet may have one of only, the best first.
std::vector<Pools> groups_of(const Account& account, const Pools& pools, const Share& share) {
  std::vector<std::pair<std::string, Pools>> groups;
  for (const Pool* pool : pools) {
    std::string key = share.one_type ? pool->data.type : "";
    if (share.one_zone) {
      auto subnet = subnet_of(account, pool->data);
      key += "/" + (subnet ? (*subnet)->zone : pool->data.zone);
    }
    auto group =
        std::find_if(groups.begin(), groups.end(), [&](const auto& entry) { return entry.first == key; });
    if (group == groups.end()) group = groups.insert(group, {key, {}});
    group->second.push_back(pool);
  }
  std::vector<Pools> out;
  for (auto& [key, members] : groups) out.push_back(std::move(members));
  return out;
}

}  // namespace

/// Up to `units` of capacity from one pool; what it delivered.
double Buyer::buy(const Pool& pool, const Share& share, double units) {
  LaunchOrder order;
  order.data = pool.data;
  order.data.market = share.lifecycle == "spot" ? "spot" : "";
  order.most = static_cast<int64_t>(std::ceil(units / pool.weight));
  for (const auto& [type, given] : tags)
    for (const auto& [key, value] : given)
      if (type != "fleet") order.data.tags[type][key] = value;
  order.tags = order.data.tags["instance"];
  order.fleet_id = fleet_id;
  order.template_id = pool.template_id;
  order.template_version = pool.template_version;
  order.operation = "CreateFleet";
  order.client_token = client_token;
  auto launched = launch(account, order);
  if (!launched) {
    outcome.errors.push_back({&pool, share.lifecycle, std::move(launched).error()});
    return 0;
  }
  if (launched->shortage) outcome.errors.push_back({&pool, share.lifecycle, *launched->shortage});
  outcome.successes.push_back({&pool, share.lifecycle, launched->instances});
  return static_cast<double>(launched->instances.size()) * pool.weight;
}

double Buyer::buy_all(const Pools& pools, const Share& share) {
  double missing = share.target;
  const bool spread = share.strategy == "diversified" && pools.size() > 1;
  for (size_t i = 0; i < pools.size() && missing > 0; ++i)
    missing -=
        buy(*pools[i], share, spread ? std::ceil(missing / static_cast<double>(pools.size() - i)) : missing);
  return share.target - missing;
}

/// Undoes the successes from that one on.
void Buyer::give_back(size_t first) {
  for (size_t i = first; i < outcome.successes.size(); ++i)
    for (const std::string& id : outcome.successes[i].instances) forget_instance(account, id);
  outcome.successes.resize(first);
}

void Buyer::fill(const std::vector<Pool>& all, const Share& share) {
  const size_t first = outcome.successes.size(), errors = outcome.errors.size();
  const std::vector<Pools> groups = groups_of(account, arranged(all, share.strategy), share);
  // The first group that gives everything; if none does, the one that gave most is asked again.
  const Pools* best = nullptr;
  double most = 0;
  std::vector<Shortfall> told;
  for (const Pools& group : groups) {
    const double got = buy_all(group, share);
    if (got >= share.target) return;
    if (groups.size() == 1 && got >= share.least) return;
    give_back(first);
    if (got > most && got >= share.least) best = &group, most = got;
  }
  if (!best) return;  // MinTargetCapacity: all of that, or nothing
  told.assign(outcome.errors.begin() + static_cast<std::ptrdiff_t>(errors), outcome.errors.end());
  buy_all(*best, share);
  outcome.errors.resize(errors);
  outcome.errors.insert(outcome.errors.end(), told.begin(), told.end());
}

}  // namespace spillway::emu
