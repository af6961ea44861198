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

std::vector<std::string> group_ids(const Params& params) {
  std::vector<std::string> ids = params.list("SecurityGroupId");
  for (const Params& interface : params.structures("NetworkInterface"))
    for (const std::string& id : interface.list("SecurityGroupId")) ids.push_back(id);
  return ids;
}

void take(std::string& into, const std::string& over) {
  if (!over.empty()) into = over;
}

}  // namespace

Answer<LaunchData> read_launch_data(const Params& params) {
  LaunchData data;
  data.image_id = params.get("ImageId");
  data.type = params.get("InstanceType");
  data.key_name = params.get("KeyName");
  data.subnet_id = params.get("SubnetId");
  for (const Params& interface : params.structures("NetworkInterface"))
    take(data.subnet_id, interface.get("SubnetId"));
  data.security_groups = group_ids(params);
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

LaunchData merged(LaunchData base, const LaunchData& over) {
  take(base.image_id, over.image_id);
  take(base.type, over.type);
  take(base.subnet_id, over.subnet_id);
  take(base.key_name, over.key_name);
  take(base.user_data, over.user_data);
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
  for (const auto& [type, tags] : over.tags)
    for (const auto& [key, value] : tags) base.tags[type][key] = value;
  return base;
}

}  // namespace spillway::emu
