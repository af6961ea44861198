#include "fleet/offerings.h"

#include <algorithm>
#include <set>

#include "fleet/outside.h"

namespace spillway::fleet {
namespace {

constexpr size_t kOverridesAtMost = 300;  // EC2 refuses more launch template overrides in one fleet
constexpr Duration kForgetAfter = std::chrono::hours{1};
constexpr Duration kLongestRest = std::chrono::hours{1};

std::vector<const config::NodeSource*> sources_of(const config::NodeGroup& group) {
  std::vector<const config::NodeSource*> all{&group.source};
  if (group.fallback) all.push_back(&*group.fallback);
  return all;
}

/// Calls `each` with every override in every subnet, and the pool that it is.
template <class Each>
void for_each_place(const config::NodeGroup& group, const config::NodeSource& source, const Each& each) {
  const std::string cloud = cloud_of(group.profile, group.region);
  for (const std::string& subnet : source.subnets)
    for (const Json& override : source.overrides.items())
      each(subnet, override, pool_of(cloud, source.purchasing, override["InstanceType"].as_string(), subnet));
}

bool rests(const Pools& pools, const std::string& pool, Time now) {
  const auto found = pools.find(pool);
  return found != pools.end() && now < found->second.until;
}

}  // namespace

std::string pool_of(const std::string& cloud, const std::string& purchasing, const std::string& type,
                    const std::string& subnet) {
  return fmt::format("{} {} {} {}", cloud, purchasing, type.empty() ? "any" : type, subnet);
}

std::vector<std::string> pools_of(const config::NodeGroup& group) {
  std::vector<std::string> out;
  for (const config::NodeSource* source : sources_of(group))
    for_each_place(group, *source,
                   [&](const std::string&, const Json&, const std::string& pool) { out.push_back(pool); });
  return out;
}

std::optional<Offer> offer_of(const config::NodeGroup& group, const Pools& pools, Time now,
                              const std::string& subnet) {
  for (const config::NodeSource* source : sources_of(group)) {
    Offer offer{source, Json::array()};
    size_t places = 0;
    for_each_place(group, *source,
                   [&](const std::string& there, const Json& override, const std::string& pool) {
                     ++places;
                     if (offer.overrides.size() == kOverridesAtMost || (!subnet.empty() && there != subnet))
                       return;
                     if (rests(pools, pool, now)) return;
                     Json place = override;
                     place.set("SubnetId", there).set("WeightedCapacity", 1);
                     if (!group.placement_group.empty())
                       place.set("Placement", Json::object({{"GroupName", group.placement_group}}));
                     offer.overrides.push(std::move(place));
                   });
    // A group without overrides leaves everything to its launch template.
    if (offer.overrides.size() > 0 || places == 0) return offer;
  }
  return std::nullopt;
}

Time rests_until(const config::NodeGroup& group, const Pools& pools, Time now) {
  Time first = Time::max();
  for (const config::NodeSource* source : sources_of(group))
    for_each_place(group, *source, [&](const std::string&, const Json&, const std::string& pool) {
      const auto found = pools.find(pool);
      first = std::min(first, found == pools.end() ? now : found->second.until);
    });
  return first == Time::max() ? now : std::max(first, now);
}

std::string why_none(const config::NodeGroup& group, const Pools& pools, Time now) {
  std::vector<std::string> reasons;
  for (const config::NodeSource* source : sources_of(group))
    for_each_place(group, *source, [&](const std::string&, const Json&, const std::string& pool) {
      if (!rests(pools, pool, now)) return;
      const std::string& reason = pools.at(pool).reason;
      if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) reasons.push_back(reason);
    });
  return fmt::format("{}", fmt::join(reasons, "; "));
}

PoolRecord benched(PoolRecord before, Duration first, const std::string& reason, Time now) {
  if (now - before.until > kForgetAfter) before.strikes = 0;
  Duration rest = first;
  for (int i = 0; i < before.strikes && rest < kLongestRest; ++i) rest *= 2;
  ++before.strikes;
  before.until = now + std::min(rest, std::max(first, kLongestRest));
  before.reason = reason;
  return before;
}

}  // namespace spillway::fleet
