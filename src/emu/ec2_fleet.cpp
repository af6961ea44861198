#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "emu/ec2.h"

// CreateFleet of type instant, and DescribeFleets. The pools are every template configuration times its
// overrides; they are tried in the order that the allocation strategy gives until the target is reached, so
// that one answer may hold instances as well as errors.
namespace spillway::emu {
namespace {

struct Pool {
  LaunchData data;  // with the override
  Params over;
  std::string template_id;
  int64_t template_version = 0;
  double weight = 1, priority = 1e9;
  size_t place = 0;  // in the request
};

struct Success {
  const Pool* pool;
  std::string lifecycle;
  std::vector<std::string> instances;
};

struct Shortfall {
  const Pool* pool;
  std::string lifecycle;
  ApiError error;
};

struct Outcome {
  std::vector<Success> successes;
  std::vector<Shortfall> errors;
};

struct Share {            // what one purchasing option has to deliver
  std::string lifecycle;  // on-demand or spot
  double target = 0, least = 0;
  std::string strategy;
};

Pool pool_of(const ResolvedTemplate& resolved, const Params& over, size_t place) {
  Pool pool{merged(resolved.version->data, fleet_override(over)), over, resolved.launch_template->id,
            resolved.version->number};
  if (over.has("WeightedCapacity"))
    pool.weight = std::max(0.001, std::strtod(over.get("WeightedCapacity").c_str(), nullptr));
  if (over.has("Priority")) pool.priority = std::strtod(over.get("Priority").c_str(), nullptr);
  pool.place = place;
  return pool;
}

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

/// Orders by size for the price strategies: this model has no prices, and within a family price follows size.
void arrange(std::vector<const Pool*>& pools, const std::string& strategy) {
  auto size = [](const Pool* pool) {
    const TypeFacts* type = find_type(pool->data.type);
    return type ? type->vcpus / pool->weight : 0;
  };
  std::stable_sort(pools.begin(), pools.end(), [&](const Pool* a, const Pool* b) {
    if (strategy.ends_with("prioritized")) return a->priority < b->priority;
    if (strategy.ends_with("lowest-price") || strategy.ends_with("lowestPrice")) return size(a) < size(b);
    return a->place < b->place;
  });
}

ApiError short_of(const Account& account, const Pool& pool) {
  auto subnet = account.subnets.find(pool.data.subnet_id);
  if (subnet != account.subnets.end() && free_addresses(subnet->second) == 0)
    return {
        "InsufficientFreeAddressesInSubnet",
        fmt::format("There are not enough free addresses in subnet '{}' to satisfy the requested number of "
                    "instances.",
                    pool.data.subnet_id)};
  return {"InsufficientInstanceCapacity",
          fmt::format(
              "We currently do not have sufficient {} capacity in the Availability Zone you requested. Our "
              "system will be working on provisioning additional capacity.",
              pool.data.type)};
}

struct Requester {
  Account& account;
  const std::string& fleet_id;
  const std::string& client_token;
  const std::map<std::string, Tags>& tags;  // by resource type
  Outcome& outcome;

  /// Up to `units` of capacity from one pool; what it delivered.
  double buy(const Pool& pool, const Share& share, double units) {
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
    auto count = static_cast<int64_t>(launched->instances.size());
    if (count < order.most) outcome.errors.push_back({&pool, share.lifecycle, short_of(account, pool)});
    outcome.successes.push_back({&pool, share.lifecycle, launched->instances});
    return static_cast<double>(count) * pool.weight;
  }

  void fill(std::vector<const Pool*> pools, const Share& share) {
    arrange(pools, share.strategy);
    const size_t first = outcome.successes.size();
    double missing = share.target;
    if (share.strategy == "diversified" && pools.size() > 1)
      for (size_t i = 0; i < pools.size() && missing > 0; ++i)
        missing -= buy(*pools[i], share, std::ceil(missing / static_cast<double>(pools.size() - i)));
    else
      for (size_t i = 0; i < pools.size() && missing > 0; ++i) missing -= buy(*pools[i], share, missing);
    if (share.target - missing < share.least) {  // MinTargetCapacity: all of that, or nothing
      for (size_t i = first; i < outcome.successes.size(); ++i)
        for (const std::string& id : outcome.successes[i].instances) forget_instance(account, id);
      outcome.successes.resize(first);
    }
  }
};

Answer<std::vector<Share>> shares_of(const Params& params) {
  const Params target = params.under("TargetCapacitySpecification");
  auto number = [&](std::string_view name) { return static_cast<double>(target.number(name).value_or(0)); };
  if (!target.number("TotalTargetCapacity"))
    return refusal("MissingParameter", "The request must contain the parameter TotalTargetCapacity");
  if (number("TotalTargetCapacity") < 1 || number("TotalTargetCapacity") > 10000)
    return refusal("InvalidParameterValue", "TotalTargetCapacity must be between 1 and 10000");
  Share spot{"spot", number("SpotTargetCapacity"),
             static_cast<double>(params.number("SpotOptions.MinTargetCapacity").value_or(0)),
             params.get("SpotOptions.AllocationStrategy")};
  Share demand{"on-demand", number("OnDemandTargetCapacity"),
               static_cast<double>(params.number("OnDemandOptions.MinTargetCapacity").value_or(0)),
               params.get("OnDemandOptions.AllocationStrategy")};
  double rest = number("TotalTargetCapacity") - spot.target - demand.target;
  if (rest < 0)
    return refusal("InvalidParameterCombination", "The target capacities exceed the TotalTargetCapacity");
  const std::string& kind = target.get("DefaultTargetCapacityType");
  if (!kind.empty() && kind != "spot" && kind != "on-demand")
    return refusal("InvalidParameterValue", fmt::format("Invalid DefaultTargetCapacityType '{}'", kind));
  (kind == "spot" ? spot : demand).target += rest;
  for (Share* share : {&spot, &demand})
    if (share->strategy.empty()) share->strategy = "lowest-price";
  return std::vector{demand, spot};
}

void write_pool(Xml& xml, const Pool& pool) {
  xml.in("launchTemplateAndOverrides", [&] {
    xml.in("launchTemplateSpecification",
           [&] { xml.text("launchTemplateId", pool.template_id).number("version", pool.template_version); });
    xml.in("overrides", [&] {
      constexpr std::pair<std::string_view, std::string_view> kNames[] = {
          {"InstanceType", "instanceType"},
          {"SubnetId", "subnetId"},
          {"AvailabilityZone", "availabilityZone"},
          {"MaxPrice", "maxPrice"},
          {"ImageId", "imageId"},
          {"WeightedCapacity", "weightedCapacity"},
          {"Priority", "priority"}};
      for (auto [from, to] : kNames)
        if (pool.over.has(from)) xml.text(to, pool.over.get(from));
    });
  });
}

Xml fleet_answer(const std::string& fleet_id, const Outcome& outcome) {
  Xml xml;
  xml.text("fleetId", fleet_id);
  xml.in("errorSet", [&] {
    for (const Shortfall& shortfall : outcome.errors)
      xml.in("item", [&] {
        write_pool(xml, *shortfall.pool);
        xml.text("lifecycle", shortfall.lifecycle).text("errorCode", shortfall.error.code);
        xml.text("errorMessage", shortfall.error.message);
      });
  });
  xml.in("fleetInstanceSet", [&] {
    for (const Success& success : outcome.successes)
      xml.in("item", [&] {
        write_pool(xml, *success.pool);
        xml.text("lifecycle", success.lifecycle).in("instanceIds", [&] {
          for (const std::string& id : success.instances) xml.text("item", id);
        });
        xml.text("instanceType", success.pool->data.type);
      });
  });
  return xml;
}

Answer<Xml> create_fleet(Account& account, const Call& call) {
  const Params& params = call.params;
  if (const Remembered* before = EMU_TRY(recall(account, call))) return std::move(Xml{}.raw(before->body));
  if (params.get("Type") != "instant")
    return refusal("UnsupportedOperation", "This emulator has fleets of type instant only");
  std::vector<Pool> pools = EMU_TRY(pools_of(account, params));
  std::vector<Share> shares = EMU_TRY(shares_of(params));
  std::map<std::string, Tags> tags = EMU_TRY(read_tag_specifications(params, "TagSpecification"));
  for (const auto& [type, ignored] : tags)
    if (type != "instance" && type != "fleet" && type != "volume" && type != "network-interface")
      return refusal("InvalidParameterValue",
                     fmt::format("'{}' is not a valid taggable resource type for this operation.", type));
  EMU_TRY(unless_dry_run(call));
  Fleet fleet;
  fleet.id = account.make_id("fleet-");
  fleet.created = account.now();
  fleet.client_token = params.get("ClientToken");
  fleet.capacity_type = params.get("TargetCapacitySpecification.DefaultTargetCapacityType");
  fleet.tags = tags["fleet"];
  std::vector<const Pool*> order;
  for (const Pool& pool : pools) order.push_back(&pool);
  Outcome outcome;
  Requester requester{account, fleet.id, fleet.client_token, tags, outcome};
  for (const Share& share : shares) {
    fleet.target += static_cast<int64_t>(share.target);
    if (share.target > 0) requester.fill(order, share);
  }
  for (const Success& success : outcome.successes)
    fleet.instances.insert(fleet.instances.end(), success.instances.begin(), success.instances.end());
  Xml xml = fleet_answer(fleet.id, outcome);
  remember(account, call, {"", xml.str(), fleet.instances, "", {}});
  account.fleets.emplace(fleet.id, std::move(fleet));
  return xml;
}

Answer<Xml> describe_fleets(Account& account, const Call& call) {
  EMU_TRY(unless_dry_run(call));
  std::vector<std::string> ids = call.params.list("FleetId");
  for (const std::string& id : ids)
    if (!account.fleets.contains(id))
      return refusal("InvalidFleetId.NotFound", fmt::format("The fleet ID '{}' does not exist", id));
  if (ids.empty())  // AWS shows instant fleets only to those who name them
    return std::move(Xml{}.raw("<fleetSet></fleetSet>"));
  Xml xml;
  xml.in("fleetSet", [&] {
    for (const std::string& id : ids) {
      const Fleet& fleet = account.fleets.find(id)->second;
      xml.in("item", [&] {
        xml.text("fleetId", fleet.id)
            .text("fleetState", fleet.state)
            .text("createTime", to_iso8601(fleet.created));
        xml.text("clientToken", fleet.client_token).text("type", "instant");
        xml.number("fulfilledCapacity", static_cast<int64_t>(fleet.instances.size()));
        xml.in("targetCapacitySpecification", [&] {
          xml.number("totalTargetCapacity", fleet.target)
              .text("defaultTargetCapacityType", fleet.capacity_type);
        });
        write_tags(xml, fleet.tags);
        xml.in("fleetInstanceSet", [&] {
          xml.in("item", [&] {
            xml.in("instanceIds", [&] {
              for (const std::string& instance : fleet.instances) xml.text("item", instance);
            });
          });
        });
      });
    }
  });
  return xml;
}

}  // namespace

const XmlOperations& ec2_fleet_operations() {
  static const XmlOperations kTable = {{"CreateFleet", create_fleet}, {"DescribeFleets", describe_fleets}};
  return kTable;
}

}  // namespace spillway::emu
