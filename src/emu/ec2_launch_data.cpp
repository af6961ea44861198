#include "base/crypto.h"
#include "base/text.h"
#include "emu/ec2.h"

// What RunInstances and a launch template's data have in common.
namespace spillway::emu {
namespace {

/// Names the profile of an IamInstanceProfile given by Name or Arn.
std::string profile_name(const Params& params) {
  if (const std::string* name = params.find("IamInstanceProfile.Name")) return *name;
  const std::string& arn = params.get("IamInstanceProfile.Arn");
  return arn.substr(arn.rfind('/') + 1);
}

void take(std::string& into, const std::string& over) {
  if (!over.empty()) into = over;
}

std::optional<bool> flag_in(const Params& params, std::string_view name) {
  return params.has(name) ? std::optional(params.flag(name)) : std::nullopt;
}

/// The first interface's parameters, which an instance takes in place of its own.
Answer<bool> read_interfaces(const Params& params, LaunchData& data) {
  const std::vector<Params> interfaces = params.structures("NetworkInterface");
  data.interfaces = static_cast<int64_t>(interfaces.size());
  for (const Params& interface : interfaces) {
    if (interface.has("NetworkInterfaceId"))
      return refusal("UnsupportedOperation", "This emulator makes the interfaces of instances itself");
    if (interface.number("DeviceIndex").value_or(0) != 0) continue;
    take(data.subnet_id, interface.get("SubnetId"));
    if (std::vector<std::string> groups = interface.list("SecurityGroupId"); !groups.empty())
      data.security_groups = groups;
    take(data.private_ip, interface.get("PrivateIpAddress"));
    if (interface.has("AssociatePublicIpAddress"))
      data.public_ip = interface.flag("AssociatePublicIpAddress");
    data.interface_goes = flag_in(interface, "DeleteOnTermination");
  }
  return true;
}

std::vector<BlockDevice> read_block_devices(const Params& params) {
  std::vector<BlockDevice> out;
  for (const Params& mapping : params.structures("BlockDeviceMapping")) {
    const Params ebs = mapping.under("Ebs");
    if (ebs.empty()) continue;
    out.push_back({mapping.get("DeviceName"), ebs.get("VolumeType"), ebs.get("KmsKeyId"),
                   ebs.get("SnapshotId"), ebs.number("VolumeSize"), flag_in(ebs, "Encrypted"),
                   flag_in(ebs, "DeleteOnTermination")});
  }
  return out;
}

/// `over` in place of all that `base` says under the same first words.
void overlay(std::map<std::string, std::string>& base, const std::map<std::string, std::string>& over) {
  auto first = [](const std::string& name) { return name.substr(0, name.find('.')); };
  std::set<std::string> replaced;
  for (const auto& [name, value] : over) replaced.insert(first(name));
  std::erase_if(base, [&](const auto& entry) { return replaced.contains(first(entry.first)); });
  base.insert(over.begin(), over.end());
}

}  // namespace

Answer<LaunchData> read_launch_data(const Params& params) {
  LaunchData data;
  data.image_id = params.get("ImageId");
  data.type = params.get("InstanceType");
  data.key_name = params.get("KeyName");
  data.subnet_id = params.get("SubnetId");
  data.security_groups = params.list("SecurityGroupId");
  data.group_names = params.list("SecurityGroup");
  data.private_ip = params.get("PrivateIpAddress");
  data.places_itself = !data.subnet_id.empty() || !data.private_ip.empty() || !data.security_groups.empty() ||
                       !data.group_names.empty();
  EMU_TRY(read_interfaces(params, data));
  data.protected_from_termination = flag_in(params, "DisableApiTermination");
  data.monitored = flag_in(params, "Monitoring.Enabled");
  data.block_devices = read_block_devices(params);
  data.profile = profile_name(params);
  data.placement_group = params.get("Placement.GroupName");
  data.zone = params.get("Placement.AvailabilityZone");
  data.http_tokens = params.get("MetadataOptions.HttpTokens");
  data.http_endpoint = params.get("MetadataOptions.HttpEndpoint");
  data.metadata_tags = params.get("MetadataOptions.InstanceMetadataTags");
  data.hop_limit = params.number("MetadataOptions.HttpPutResponseHopLimit");
  data.market = params.get("InstanceMarketOptions.MarketType");
  if (!data.market.empty() && data.market != "spot")
    return refusal("InvalidParameterValue", fmt::format("Invalid market type '{}'", data.market));
  data.shutdown_behavior = params.get("InstanceInitiatedShutdownBehavior");
  if (!data.shutdown_behavior.empty() && data.shutdown_behavior != "stop" &&
      data.shutdown_behavior != "terminate")
    return refusal("InvalidParameterValue",
                   fmt::format("Value ({}) for parameter instanceInitiatedShutdownBehavior is invalid.",
                               data.shutdown_behavior));
  if (const std::string* encoded = params.find("UserData")) {
    auto decoded = from_base64(*encoded);
    if (!decoded) return refusal("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.");
    data.user_data = *decoded;
  }
  data.tags = EMU_TRY(read_tag_specifications(params, "TagSpecification"));
  return data;
}

LaunchData fleet_override(const Params& over) {
  LaunchData data;
  data.type = over.get("InstanceType");
  data.subnet_id = over.get("SubnetId");
  data.zone = over.get("AvailabilityZone");
  data.image_id = over.get("ImageId");
  data.placement_group = over.get("Placement.GroupName");
  return data;
}

LaunchData merged(LaunchData base, const LaunchData& over) {
  if (over.interfaces) {  // interfaces replace interfaces
    base.interfaces = over.interfaces;
    base.public_ip = over.public_ip;
    base.interface_goes = over.interface_goes;
    base.subnet_id.clear(), base.private_ip.clear(), base.security_groups.clear();
  }
  base.places_itself = base.places_itself || over.places_itself;
  take(base.image_id, over.image_id);
  take(base.type, over.type);
  take(base.subnet_id, over.subnet_id);
  take(base.key_name, over.key_name);
  if (!over.user_data.empty()) base.user_data = over.user_data;
  take(base.profile, over.profile);
  take(base.shutdown_behavior, over.shutdown_behavior);
  take(base.market, over.market);
  take(base.http_tokens, over.http_tokens);
  take(base.http_endpoint, over.http_endpoint);
  take(base.metadata_tags, over.metadata_tags);
  take(base.placement_group, over.placement_group);
  take(base.zone, over.zone);
  if (over.hop_limit) base.hop_limit = over.hop_limit;
  if (!over.security_groups.empty()) base.security_groups = over.security_groups;
  if (!over.group_names.empty()) base.group_names = over.group_names;
  take(base.private_ip, over.private_ip);
  if (over.protected_from_termination) base.protected_from_termination = over.protected_from_termination;
  if (over.monitored) base.monitored = over.monitored;
  if (!over.block_devices.empty()) base.block_devices = over.block_devices;
  overlay(base.given, over.given);
  for (const auto& [type, tags] : over.tags)
    for (const auto& [key, value] : tags) base.tags[type][key] = value;
  return base;
}

}  // namespace spillway::emu
