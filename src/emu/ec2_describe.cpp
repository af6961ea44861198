#include <algorithm>

#include "emu/ec2.h"
#include "emu/faults.h"
#include "emu/view.h"

// DescribeInstances and DescribeInstanceStatus.
namespace spillway::emu {
namespace {

std::optional<std::vector<std::string>> filter_values(const Account& account, const Instance& instance,
                                                      std::string_view name) {
  using Values = std::vector<std::string>;
  const LaunchData& launch = instance.launch;
  auto one = [](const std::string& value) { return value.empty() ? Values{} : Values{value}; };
  if (name == "instance-state-name") return Values{std::string(to_string(instance.state))};
  if (name == "instance-state-code") return Values{std::to_string(static_cast<int>(instance.state))};
  if (name == "instance-id") return Values{instance.id.value};
  if (name == "private-ip-address" || name == "network-interface.addresses.private-ip-address")
    return one(instance.private_ip);
  if (name == "instance-type") return Values{launch.type};
  if (name == "image-id") return Values{launch.image_id};
  if (name == "subnet-id") return one(launch.subnet_id);
  if (name == "vpc-id") return one(instance.vpc_id);
  if (name == "availability-zone") return Values{instance.zone};
  if (name == "client-token") return one(instance.client_token);
  if (name == "reservation-id") return Values{instance.reservation_id};
  if (name == "spot-instance-request-id")
    return launch.market == "spot" ? Values{spot_request_of(instance)} : Values{};
  const bool shown = !instance.private_ip.empty();  // an address that is seen late hides its interface
  const Interface* interface = shown ? interface_of(account, instance) : nullptr;
  if (name == "instance.group-id" || name == "network-interface.group-id")
    return interface ? interface->groups : Values{};
  if (name == "ip-address" || name == "network-interface.association.public-ip")
    return one(interface ? public_address_of(account, *interface).ip : "");
  if (name == "source-dest-check" || name == "network-interface.source-dest-check")
    return one(interface ? interface->source_dest_check ? "true" : "false" : "");
  if (name == "network-interface.network-interface-id") return one(interface ? interface->id : "");
  if (name == "instance-lifecycle") return one(launch.market);
  if (name == "key-name") return one(launch.key_name);
  if (name == "owner-id") return Values{account.settings.account};
  if (name == "iam-instance-profile.arn")
    return launch.profile.empty() ? Values{}
                                  : Values{fmt::format("arn:aws:iam::{}:instance-profile/{}",
                                                       account.settings.account, launch.profile)};
  return std::nullopt;
}

/// Those that the request's ids and filters choose, sorted by id.
Answer<std::vector<const Instance*>> chosen(const Account& account, const Call& call, View& view) {
  const Params& params = call.params;
  std::vector<std::string> ids = params.list("InstanceId");
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  EMU_TRY(known_instances(account, ids, call.operation));
  const std::vector<Filter> filters = read_filters(params);
  std::vector<const Instance*> out;
  auto consider = [&](const Instance& instance) -> Answer<bool> {
    if (!view.lists(instance)) return false;
    const Instance& shown = view.shown(instance);
    bool passes =
        EMU_TRY(passes_filters(filters, view.tags_for_filters(instance),
                               [&](std::string_view name) { return filter_values(account, shown, name); }));
    if (passes) out.push_back(&shown);
    return passes;
  };
  EMU_TRY(passes_filters(filters, {},
                         [&](std::string_view name) {  // a wrong name is refused without instances too
                           return filter_values(account, Instance{}, name);
                         }));
  if (ids.empty())
    for (const auto& [id, instance] : account.instances) EMU_TRY(consider(instance));
  for (const std::string& id : ids) EMU_TRY(consider(account.instances.find(id)->second));
  return out;
}

struct Selection {
  std::vector<const Instance*> instances;
  std::string next;
};

Answer<Selection> selected(Account& account, const Call& call, View& view, bool only_running) {
  const Params& params = call.params;
  if (params.has("MaxResults") && params.has("InstanceId.1"))
    return refusal("InvalidParameterCombination",
                   "The parameter instancesSet cannot be used with the parameter maxResults");
  std::vector<const Instance*> all = EMU_TRY(chosen(account, call, view));
  if (only_running) std::erase_if(all, [](const Instance* i) { return i->state != State::running; });
  std::vector<std::string> names;
  names.reserve(all.size());
  for (const Instance* instance : all) names.push_back(instance->id.value);
  Page page = EMU_TRY(page_of(params, names, 5, 1000));
  if (page.first < page.last && gives_empty_page(account, call.operation))
    return Selection{{}, page_token(page.first ? names[page.first - 1] : "")};
  return Selection{{all.begin() + page.first, all.begin() + page.last}, page.next};
}

Answer<Xml> describe_instances(Account& account, const Call& call) {
  EMU_TRY(unless_dry_run(call));
  View view(account, call.operation);
  Selection selection = EMU_TRY(selected(account, call, view, false));
  std::map<std::string_view, std::vector<const Instance*>> reservations;
  for (const Instance* instance : selection.instances)
    reservations[instance->reservation_id].push_back(instance);
  Xml xml;
  xml.in("reservationSet", [&] {
    for (const auto& [id, instances] : reservations)
      xml.in("item", [&, &name = id, &members = instances] {
        write_reservation(xml, account, std::string(name), members);
      });
  });
  if (!selection.next.empty()) xml.text("nextToken", selection.next);
  return xml;
}

void write_status(Xml& xml, std::string_view name, bool ok) {
  xml.in(name, [&] {
    xml.text("status", ok ? "ok" : "not-applicable").in("details", [&] {
      if (ok) xml.in("item", [&] { xml.text("name", "reachability").text("status", "passed"); });
    });
  });
}

Answer<Xml> describe_instance_status(Account& account, const Call& call) {
  EMU_TRY(unless_dry_run(call));
  bool all = call.params.flag("IncludeAllInstances");
  View view(account, call.operation);
  Selection selection = EMU_TRY(selected(account, call, view, !all));
  Xml xml;
  xml.in("instanceStatusSet", [&] {
    for (const Instance* instance : selection.instances)
      xml.in("item", [&] {
        xml.text("instanceId", instance->id.value).text("availabilityZone", instance->zone);
        xml.in("instanceState", [&] {
          xml.number("code", static_cast<int>(instance->state)).text("name", to_string(instance->state));
        });
        bool ok = instance->state == State::running && !instance->never_boots;
        write_status(xml, "systemStatus", instance->state == State::running);
        write_status(xml, "instanceStatus", ok);
      });
  });
  if (!selection.next.empty()) xml.text("nextToken", selection.next);
  return xml;
}

}  // namespace

const XmlOperations& ec2_describe_operations() {
  static const XmlOperations kTable = {{"DescribeInstances", describe_instances},
                                       {"DescribeInstanceStatus", describe_instance_status}};
  return kTable;
}

}  // namespace spillway::emu
