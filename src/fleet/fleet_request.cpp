#include "fleet/fleet_request.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/planted.h"

namespace spillway::fleet {
namespace {

constexpr size_t kOverridesAtMost = 300;  // EC2 refuses more launch template overrides in one fleet

Json overrides_in_all_subnets(const config::NodeGroup& group) {
  Json all = Json::array();
  for (const std::string& subnet : group.subnets) {
    for (const Json& each : group.overrides.items()) {
      if (all.size() == kOverridesAtMost) return all;
      Json place = each;
      place.set("SubnetId", subnet).set("WeightedCapacity", 1);
      all.push(std::move(place));
    }
  }
  return all;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

}  // namespace

IntentId intent_of(const std::string& generation, const GroupName& group,
                   const std::vector<LaunchNode>& nodes) {
  std::string text = generation + "|" + group.value;
  for (const LaunchNode& node : nodes) text += fmt::format("|{}:{}", node.node.value, node.epoch);
  return IntentId{"in-" + to_hex(sha256(text)).substr(0, 20)};
}

Json fleet_request(const Policy& policy, const config::NodeGroup& group, const IntentId& intent,
                   const std::string& generation, size_t nodes) {
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
        Json::array({Json::object({{"LaunchTemplateSpecification", group.launch_template},
                                   {"Overrides", overrides_in_all_subnets(group)}})})},
       {"TargetCapacitySpecification",
        Json::object({{"TotalTargetCapacity", nodes}, {"DefaultTargetCapacityType", group.purchasing}})},
       {"TagSpecifications", Json::array({tags_for("instance"), tags_for("fleet")})}});
  if (planted(Bug::no_client_token)) request.erase("ClientToken");
  if (planted(Bug::no_cluster_tag) || planted(Bug::no_intent_tag)) {
    Json& tags = request.mutable_members()[4].second.mutable_items()[0].mutable_members()[1].second;
    tags.mutable_items().erase(tags.mutable_items().begin() + (planted(Bug::no_intent_tag) ? 4 : 0));
  }
  if (group.on_demand_options.is_object()) request.set("OnDemandOptions", group.on_demand_options);
  if (group.spot_options.is_object()) {
    Json spot = group.spot_options;
    request.set("SpotOptions", spot.set("InstanceInterruptionBehavior", "terminate"));
  }
  return request;
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
