#include <algorithm>

#include "emu/ec2_fleet.h"

// What CreateFleet asks for.
namespace spillway::emu {
namespace {

Pool pool_of(const ResolvedTemplate& resolved, const Params& over, size_t place) {
  Pool pool{merged(resolved.version->data, fleet_override(over)), over, resolved.launch_template->id,
            resolved.version->number};
  if (over.has("WeightedCapacity"))
    pool.weight = std::max(0.001, std::strtod(over.get("WeightedCapacity").c_str(), nullptr));
  if (over.has("Priority")) pool.priority = std::strtod(over.get("Priority").c_str(), nullptr);
  pool.place = place;
  return pool;
}

Answer<Share> share_of(const Params& params, const std::string& lifecycle, const std::string& options) {
  const Params own = params.under(options);
  Share share{lifecycle};
  share.least = static_cast<double>(own.number("MinTargetCapacity").value_or(0));
  share.strategy = own.get("AllocationStrategy");
  if (share.strategy.empty()) share.strategy = "lowest-price";
  share.one_type = own.flag("SingleInstanceType");
  share.one_zone = own.flag("SingleAvailabilityZone");
  if (share.least > 0 && !share.one_type && !share.one_zone)
    return refusal(
        "InvalidParameterCombination",
        fmt::format("{}.MinTargetCapacity needs SingleInstanceType or SingleAvailabilityZone", options));
  if (share.least > 1000)
    return refusal("InvalidParameterValue", fmt::format("{}.MinTargetCapacity is at most 1000", options));
  return share;
}

}  // namespace

Answer<std::vector<Pool>> pools_of(const Account& account, const Params& params) {
  std::vector<Pool> pools;
  std::vector<Params> configs = params.structures("LaunchTemplateConfigs");
  if (configs.empty())
    return refusal("MissingParameter", "The request must contain the parameter LaunchTemplateConfigs");
  for (const Params& config : configs) {
    Params specification = config.under("LaunchTemplateSpecification");
    if (!specification.has("Version"))
      return refusal("MissingParameter",
                     "The request must contain the parameter LaunchTemplateSpecification.Version");
    ResolvedTemplate resolved = EMU_TRY(resolve_template(account, specification));
    std::vector<Params> overrides = config.structures("Overrides");
    if (overrides.empty()) overrides.emplace_back();
    for (const Params& over : overrides) pools.push_back(pool_of(resolved, over, pools.size()));
  }
  return pools;
}

Answer<std::vector<Share>> shares_of(const Params& params) {
  const Params target = params.under("TargetCapacitySpecification");
  auto number = [&](std::string_view name) { return static_cast<double>(target.number(name).value_or(0)); };
  if (!target.number("TotalTargetCapacity"))
    return refusal("MissingParameter", "The request must contain the parameter TotalTargetCapacity");
  if (number("TotalTargetCapacity") < 1 || number("TotalTargetCapacity") > 10000)
    return refusal("InvalidParameterValue", "TotalTargetCapacity must be between 1 and 10000");
  Share spot = EMU_TRY(share_of(params, "spot", "SpotOptions"));
  Share demand = EMU_TRY(share_of(params, "on-demand", "OnDemandOptions"));
  spot.target = number("SpotTargetCapacity");
  demand.target = number("OnDemandTargetCapacity");
  double rest = number("TotalTargetCapacity") - spot.target - demand.target;
  if (rest < 0)
    return refusal("InvalidParameterCombination", "The target capacities exceed the TotalTargetCapacity");
  const std::string& kind = target.get("DefaultTargetCapacityType");
  if (!kind.empty() && kind != "spot" && kind != "on-demand")
    return refusal("InvalidParameterValue", fmt::format("Invalid DefaultTargetCapacityType '{}'", kind));
  (kind == "spot" ? spot : demand).target += rest;
  return std::vector{demand, spot};
}

}  // namespace spillway::emu
