#include "base/crypto.h"
#include "base/text.h"
#include "emu/ec2_list.h"

// DescribeInstanceAttribute and ModifyInstanceAttribute.
namespace spillway::emu {
namespace {

Answer<Instance*> named_instance(Account& account, const Call& call) {
  const std::string id = EMU_TRY(required(call.params, "InstanceId"));
  EMU_TRY(known_instances(account, {id}, call.operation));
  return &account.instances.find(id)->second;
}

/// The interface whose attributes the instance shows; a terminated instance has none.
Answer<Interface*> live_interface(Account& account, const Instance& instance) {
  if (Interface* interface = interface_of(account, instance)) return interface;
  return refusal("IncorrectInstanceState",
                 fmt::format("The instance '{}' is not in a state from which its attributes can be changed.",
                             instance.id.value));
}

Answer<Xml> describe_attribute(Account& account, const Call& call) {
  const Instance& instance = *EMU_TRY(named_instance(account, call));
  const std::string wanted = EMU_TRY(required(call.params, "Attribute"));
  EMU_TRY(unless_dry_run(call));
  const LaunchData& launch = instance.launch;
  const Interface* interface = interface_of(account, instance);
  Xml xml;
  xml.text("instanceId", instance.id.value);
  auto text = [&](const std::string& value) {
    xml.in(wanted, [&] {
      if (!value.empty()) xml.text("value", value);
    });
  };
  auto flag = [&](bool value) { xml.in(wanted, [&] { xml.flag("value", value); }); };
  if (wanted == "sourceDestCheck")
    flag(!interface || interface->source_dest_check);
  else if (wanted == "disableApiTermination")
    flag(instance.protected_from_termination);
  else if (wanted == "disableApiStop" || wanted == "ebsOptimized")
    flag(false);
  else if (wanted == "enaSupport")
    flag(true);
  else if (wanted == "instanceInitiatedShutdownBehavior")
    text(launch.shutdown_behavior.empty() ? "stop" : launch.shutdown_behavior);
  else if (wanted == "instanceType")
    text(launch.type);
  else if (wanted == "userData")
    text(to_base64(launch.user_data.str()));
  else if (wanted == "rootDeviceName")
    text(root_device_of(account, instance));
  else if (wanted == "groupSet")
    write_groups(xml, account, interface ? interface->groups : Values{});
  else if (wanted == "blockDeviceMapping")
    write_block_devices(xml, account, instance);
  else
    return refusal("InvalidParameterValue",
                   fmt::format("Value ({}) for parameter attribute is invalid. Unknown attribute.", wanted));
  return xml;
}

/// "Attribute" and "Value" are another way to write NAME.Value.
Params spelt_out(const Params& params) {
  Params out = params;
  std::string name = params.get("Attribute");
  if (name.empty() || !params.has("Value")) return out;
  name.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(name.front())));
  out.set(name + ".Value", params.get("Value"));
  return out;
}

Answer<Xml> modify_attribute(Account& account, const Call& call) {
  Instance& instance = *EMU_TRY(named_instance(account, call));
  const Params params = spelt_out(call.params);
  const Values groups = params.list("GroupId");
  int given = !groups.empty();
  for (const char* name : {"SourceDestCheck", "DisableApiTermination", "InstanceInitiatedShutdownBehavior"})
    given += params.has(std::string(name) + ".Value");
  for (const char* name : {"InstanceType", "UserData", "Kernel", "Ramdisk"})
    if (params.has(std::string(name) + ".Value"))  // EC2 changes these in a stopped instance alone
      return refusal("IncorrectInstanceState",
                     fmt::format("The instance '{}' is not in the 'stopped' state.", instance.id.value));
  if (given == 0) return refusal("MissingParameter", "No attributes specified");
  if (given > 1)
    return refusal("InvalidParameterCombination", "Fields for multiple attribute types specified");
  if (params.has("SourceDestCheck.Value")) {
    Interface& interface = *EMU_TRY(live_interface(account, instance));
    const bool value = EMU_TRY(attribute_flag(params, "SourceDestCheck"));
    EMU_TRY(unless_dry_run(call));
    interface.source_dest_check = value;
  } else if (!groups.empty()) {
    Interface& interface = *EMU_TRY(live_interface(account, instance));
    EMU_TRY(check_groups(account, groups, instance.vpc_id));
    EMU_TRY(unless_dry_run(call));
    interface.groups = groups;
  } else if (params.has("DisableApiTermination.Value")) {
    const bool value = EMU_TRY(attribute_flag(params, "DisableApiTermination"));
    EMU_TRY(unless_dry_run(call));
    instance.protected_from_termination = value;
  } else {
    const std::string& value = params.get("InstanceInitiatedShutdownBehavior.Value");
    if (value != "stop" && value != "terminate")
      return refusal(
          "InvalidParameterValue",
          fmt::format("Value ({}) for parameter instanceInitiatedShutdownBehavior is invalid.", value));
    EMU_TRY(unless_dry_run(call));
    instance.launch.shutdown_behavior = value;
  }
  return done();
}

}  // namespace

const XmlOperations& ec2_attribute_operations() {
  static const XmlOperations kTable = {{"DescribeInstanceAttribute", describe_attribute},
                                       {"ModifyInstanceAttribute", modify_attribute}};
  return kTable;
}

}  // namespace spillway::emu
