#include "fleet/fleet_request.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/planted.h"

namespace spillway::fleet {
namespace {

/// The source's own options, without what makes them partial where all or nothing is asked for.
Json options_of(const Json& given, bool all_in_one_zone, size_t nodes) {
  Json options = given.is_object() ? given : Json::object();
  if (all_in_one_zone) options.set("SingleAvailabilityZone", true).set("MinTargetCapacity", nodes);
  return options;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

}  // namespace

IntentId intent_of(const std::string& generation, const GroupName& group,
                   const std::vector<LaunchNode>& nodes) {
  std::string text = generation + "|" + group.value;
  for (const LaunchNode& node : nodes) {
    text += fmt::format("|{}:{}", node.node.value, node.epoch);
    if (node.attempt > 0) text += fmt::format(".{}", node.attempt);
  }
  return IntentId{"in-" + to_hex(sha256(text)).substr(0, 20)};
}

Json fleet_request(const Policy& policy, const config::NodeGroup& group, const Offer& offer,
                   const IntentId& intent, const std::string& generation, size_t nodes,
                   bool all_in_one_zone) {
  const config::NodeSource& source = *offer.source;
  const auto tag = [](std::string_view key, std::string_view value) {
    return Json::object({{"Key", key}, {"Value", value}});
  };
  const auto tags_for = [&](std::string_view kind) {
    return Json::object(
        {{"ResourceType", kind},
         {"Tags",
          Json::array({tag("spillway:cluster", policy.cluster.value),
                       tag("spillway:name", policy.cluster_name), tag("spillway:kind", kind),
                       tag("spillway:group", group.group().value), tag("spillway:intent", intent.value)})}});
  };
  const std::string token =
      to_hex(sha256(fmt::format("{}|{}|{}|1", policy.cluster.value, generation, intent.value)));
  Json request = Json::object(
      {{"ClientToken", token},  // 64 characters, EC2's limit
       {"Type", "instant"},
       {"LaunchTemplateConfigs",
        Json::array({Json::object(
            {{"LaunchTemplateSpecification", group.launch_template}, {"Overrides", offer.overrides}})})},
       {"TargetCapacitySpecification",
        Json::object({{"TotalTargetCapacity", nodes}, {"DefaultTargetCapacityType", source.purchasing}})},
       {"TagSpecifications", Json::array({tags_for("instance"), tags_for("fleet")})}});
  if (planted(Bug::no_client_token)) request.erase("ClientToken");
  if (planted(Bug::no_cluster_tag) || planted(Bug::no_intent_tag)) {
    Json& tags = request.mutable_members()[4].second.mutable_items()[0].mutable_members()[1].second;
    tags.mutable_items().erase(tags.mutable_items().begin() + (planted(Bug::no_intent_tag) ? 4 : 0));
  }
  const bool spot = source.purchasing == "spot";
  if (source.on_demand_options.is_object() || (all_in_one_zone && !spot))
    request.set("OnDemandOptions", options_of(source.on_demand_options, all_in_one_zone && !spot, nodes));
  if (source.spot_options.is_object() || (all_in_one_zone && spot))
    request.set("SpotOptions", options_of(source.spot_options, all_in_one_zone && spot, nodes)
                                   .set("InstanceInterruptionBehavior", "terminate"));
  return request;
}

std::vector<std::string> pools_of(const std::string& cloud, const Json& request) {
  std::vector<std::string> pools;
  const std::string& purchasing =
      request["TargetCapacitySpecification"]["DefaultTargetCapacityType"].as_string();
  for (const Json& config : request["LaunchTemplateConfigs"].items())
    for (const Json& place : config["Overrides"].items())
      pools.push_back(
          pool_of(cloud, purchasing, place["InstanceType"].as_string(), place["SubnetId"].as_string()));
  return pools;
}

std::vector<aws::Tag> machine_tags(const config::NodeGroup& group, const MachineRecord& machine) {
  std::vector<aws::Tag> tags = {{"Name", machine.node.value},
                                {"spillway:node", machine.node.value},
                                {"spillway:epoch", std::to_string(machine.epoch)}};
  for (const Json& own : group.tags.items()) {
    const std::string& key = own["Key"].as_string();
    if (std::any_of(tags.begin(), tags.end(), [&](const aws::Tag& t) { return t.key == key; })) continue;
    std::string value = own["Value"].as_string();
    replace_all(value, "{ip_address}", machine.address.value);
    replace_all(value, "{node_name}", machine.node.value);
    replace_all(value, "{hostname}", hostname_of(machine.address));
    tags.push_back({key, std::move(value)});
  }
  return tags;
}

std::string hostname_of(const IpAddress& address) {
  std::string name = "ip-" + address.value;
  std::replace(name.begin(), name.end(), '.', '-');
  return name;
}

}  // namespace spillway::fleet
