#include "fleet/layout.h"

namespace spillway::fleet {
namespace {

constexpr std::string_view kSchema = "spillway.launch/v1";

}  // namespace

std::string launch_key(const ClusterId& cluster, const IntentId& intent) {
  return fmt::format("{}/launches/{}.json", cluster, intent);
}

std::string lease_key(const ClusterId& cluster) {
  return cluster.value + "/lease.json";
}

Json lease_document(Time now) {
  return Json::object(
      {{"schema", "spillway.lease/v1"},
       {"renewed_at_s", std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count()}});
}

std::string secret_key(const ClusterId& cluster, const std::string& name) {
  return fmt::format("{}/secrets/{}", cluster, name);
}

std::string released_key(const ClusterId& cluster, const std::string& role_id, const InstanceId& instance,
                         const std::string& name) {
  return fmt::format("{}/release/{}:{}/{}", cluster, role_id, instance, name);
}

Json launch_document(const ClusterId& cluster, const IntentId& intent, const GroupName& group,
                     const std::vector<MachineRecord>& machines) {
  Json instances = Json::object();
  for (const MachineRecord& machine : machines)
    instances.set(machine.id.value, Json::object({{"node", machine.node.value}, {"epoch", machine.epoch}}));
  return Json::object({{"schema", kSchema},
                       {"cluster", cluster.value},
                       {"intent", intent.value},
                       {"group", group.value},
                       {"instances", std::move(instances)}});
}

Result<std::vector<MachineRecord>> read_launch_document(std::string_view text) {
  const Json document = TRY(Json::parse(text));
  if (document["schema"].as_string() != kSchema)
    return Error{Kind::invalid,
                 fmt::format("a launch document of schema '{}'", document["schema"].as_string())};
  std::vector<MachineRecord> machines;
  for (const auto& [id, binding] : document["instances"].members())
    machines.push_back({.id = InstanceId{id},
                        .intent = IntentId{document["intent"].as_string()},
                        .group = GroupName{document["group"].as_string()},
                        .node = NodeName{binding["node"].as_string()},
                        .epoch = binding["epoch"].as_int()});
  return machines;
}

}  // namespace spillway::fleet
