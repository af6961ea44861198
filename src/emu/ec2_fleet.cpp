#include "emu/ec2_fleet.h"

// CreateFleet of type instant.
namespace spillway::emu {
namespace {

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
  Outcome outcome;
  Buyer buyer{account, fleet.id, fleet.client_token, tags, outcome};
  for (const Share& share : shares) {
    fleet.target += static_cast<int64_t>(share.target);
    if (share.target > 0) buyer.fill(pools, share);
  }
  for (const Success& success : outcome.successes)
    fleet.instances.insert(fleet.instances.end(), success.instances.begin(), success.instances.end());
  Xml xml = fleet_answer(fleet.id, outcome);
  remember(account, call, {"", xml.str(), fleet.instances, "", {}});
  account.fleets.emplace(fleet.id, std::move(fleet));
  return xml;
}

}  // namespace

const XmlOperations& ec2_fleet_operations() {
  static const XmlOperations kTable = {{"CreateFleet", create_fleet}};
  return kTable;
}

}  // namespace spillway::emu
