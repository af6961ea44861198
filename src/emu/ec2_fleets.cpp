#include "emu/ec2.h"
#include "emu/ec2_kinds.h"

// DescribeFleets and DeleteFleets. AWS shows instant fleets only to those who name them, and keeps them after
// their instances are gone.
namespace spillway::emu {
namespace {

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

struct Deletion {
  std::string id, former;
  std::optional<ApiError> error;
};

Deletion delete_one(Account& account, const std::string& id, bool terminate) {
  auto found = account.fleets.find(id);
  if (found == account.fleets.end())
    return {id, "", ApiError{"fleetIdDoesNotExist", "The fleet ID does not exist."}};
  if (!terminate)
    return {id, "", ApiError{"unexpectedError", "NoTerminateInstancesNotSupported for instant fleets"}};
  for (const std::string& instance : found->second.instances)
    if (auto running = account.instances.find(instance); running != account.instances.end())
      begin_termination(account, running->second, "Client.UserInitiatedShutdown",
                        "Client.UserInitiatedShutdown: User initiated shutdown");
  Deletion done{id, found->second.state, {}};
  account.fleets.erase(found);
  return done;
}

Answer<Xml> delete_fleets(Account& account, const Call& call) {
  const std::vector<std::string> ids = call.params.list("FleetId");
  if (ids.empty()) return refusal("MissingParameter", "The request must contain the parameter FleetId");
  if (!call.params.has("TerminateInstances"))
    return refusal("MissingParameter", "The request must contain the parameter TerminateInstances");
  EMU_TRY(unless_dry_run(call));
  std::vector<Deletion> all;
  for (const std::string& id : ids)
    all.push_back(delete_one(account, id, call.params.flag("TerminateInstances")));
  Xml xml;
  xml.in("successfulFleetDeletionSet", [&] {
    for (const Deletion& one : all)
      if (!one.error)
        xml.in("item", [&] {
          xml.text("fleetId", one.id).text("currentFleetState", "deleted_terminating");
          xml.text("previousFleetState", one.former);
        });
  });
  xml.in("unsuccessfulFleetDeletionSet", [&] {
    for (const Deletion& one : all)
      if (one.error)
        xml.in("item", [&] {
          xml.text("fleetId", one.id);
          xml.in("error", [&] { xml.text("code", one.error->code).text("message", one.error->message); });
        });
  });
  return xml;
}

}  // namespace

const XmlOperations& ec2_fleet_list_operations() {
  static const XmlOperations kTable = {{"DescribeFleets", describe_fleets}, {"DeleteFleets", delete_fleets}};
  return kTable;
}

}  // namespace spillway::emu
