#include <algorithm>

#include "emu/ec2.h"
#include "emu/faults.h"
#include "emu/throttle.h"
#include "emu/view.h"

// RunInstances and TerminateInstances.
namespace spillway::emu {
namespace {

std::vector<const Instance*> those(const Account& account, const std::vector<std::string>& ids) {
  std::vector<const Instance*> out;
  for (const std::string& id : ids)
    if (auto found = account.instances.find(id); found != account.instances.end())
      out.push_back(&found->second);
  return out;
}

Answer<LaunchOrder> order_of(const Account& account, const Call& call) {
  const Params& params = call.params;
  LaunchOrder order;
  order.operation = call.operation;
  order.client_token = params.get("ClientToken");
  order.data = EMU_TRY(read_launch_data(params));
  if (Params specification = params.under("LaunchTemplate"); !specification.empty()) {
    ResolvedTemplate resolved = EMU_TRY(resolve_template(account, specification));
    order.template_id = resolved.launch_template->id;
    order.template_version = resolved.version->number;
    order.data = merged(resolved.version->data, order.data);
  }
  for (std::string_view name : {"MinCount", "MaxCount"}) {
    EMU_TRY(required(params, name));
    if (auto number = params.number(name); !number || *number < 1)
      return refusal("InvalidParameterValue",
                     fmt::format("Value ({}) for parameter {} is invalid. Expected a positive number.",
                                 params.get(name), name));
  }
  order.least = *params.number("MinCount");
  order.most = *params.number("MaxCount");
  if (order.least > order.most)
    return refusal("InvalidParameterCombination", "The parameter MinCount may not be greater than MaxCount");
  order.tags = order.data.tags["instance"];
  return order;
}

Answer<Xml> run_instances(Account& account, const Call& call) {
  Xml xml;
  if (const Remembered* before = EMU_TRY(recall(account, call))) {
    write_reservation(xml, account, before->reservation_id, those(account, before->instances));
    return xml;
  }
  LaunchOrder order = EMU_TRY(order_of(account, call));
  if (order.data.image_id.empty()) EMU_TRY(required(call.params, "ImageId"));
  EMU_TRY(unless_dry_run(call));
  Launched launched = EMU_TRY(launch(account, order));
  write_reservation(xml, account, launched.reservation_id, those(account, launched.instances));
  remember(account, call, {"", "", launched.instances, launched.reservation_id, {}});
  return xml;
}

/// Begins the instance's end, or says so only where a rule delays it. The state to answer with.
State end(Account& account, Instance& instance) {
  constexpr std::string_view kCode = "Client.UserInitiatedShutdown";
  const bool ending = instance.state == State::shutting_down || instance.state == State::terminated;
  const auto delayed = ending ? std::nullopt : delayed_end(account, instance);
  if (!delayed) {
    begin_termination(account, instance, kCode, fmt::format("{}: User initiated shutdown", kCode));
    return instance.state;
  }
  if (delayed->after) account.endings[{account.now() + *delayed->after, instance.id.value}] = kCode;
  return State::shutting_down;
}

Answer<Xml> terminate_instances(Account& account, const Call& call) {
  std::vector<std::string> ids = call.params.list("InstanceId");
  if (ids.empty()) return refusal("MissingParameter", "The request must contain the parameter InstanceId");
  if (ids.size() > 1000) return refusal("InvalidParameterValue", "No more than 1000 instances per request");
  EMU_TRY(known_instances(account, ids, call.operation));
  for (const std::string& id : ids)
    if (account.instances.find(id)->second.protected_from_termination)
      return refusal(
          "OperationNotPermitted",
          fmt::format("The instance '{}' may not be terminated. Modify its 'disableApiTermination' "
                      "instance attribute and try again.",
                      id));
  EMU_TRY(unless_dry_run(call));
  if (resources_left(account, call.operation) < static_cast<int64_t>(ids.size()))
    return tl::unexpected(throttled(account, call.operation, "resource"));
  take_resources(account, call.operation, static_cast<int64_t>(ids.size()));
  Xml xml;
  xml.in("instancesSet", [&] {
    for (const std::string& id : ids) {
      Instance& instance = account.instances.find(id)->second;
      const State before = instance.state, now = end(account, instance);
      xml.in("item", [&] {
        auto state = [&](std::string_view name, State value) {
          xml.in(name, [&] { xml.number("code", static_cast<int>(value)).text("name", to_string(value)); });
        };
        xml.text("instanceId", id);
        state("currentState", now);
        state("previousState", before);
      });
    }
  });
  return xml;
}

}  // namespace

Answer<bool> known_instances(const Account& account, const std::vector<std::string>& ids,
                             std::string_view operation) {
  std::string missing;
  size_t count = 0;
  for (const std::string& id : ids) {
    bool well_formed = id.starts_with("i-") && (id.size() == 19 || id.size() == 10) &&
                       id.find_first_not_of("0123456789abcdef", 2) == std::string::npos;
    if (!well_formed) return refusal("InvalidInstanceID.Malformed", fmt::format("Invalid id: \"{}\"", id));
    auto found = account.instances.find(id);
    if (found != account.instances.end() && !is_unseen(account, operation, found->second)) continue;
    missing += (count++ ? ", " : "") + id;
  }
  if (count == 0) return true;
  return refusal("InvalidInstanceID.NotFound",
                 count == 1 ? fmt::format("The instance ID '{}' does not exist", missing)
                            : fmt::format("The instance IDs '{}' do not exist", missing));
}

const XmlOperations& ec2_instance_operations() {
  static const XmlOperations kTable = {{"RunInstances", run_instances},
                                       {"TerminateInstances", terminate_instances}};
  return kTable;
}

}  // namespace spillway::emu
