#include "base/crypto.h"
#include "base/text.h"
#include "emu/ec2.h"

// Launch template data go back to who asks exactly as they came. EC2 names an answer's elements after the
// request's parameters: the first letter small, and "Set" behind those of lists.
namespace spillway::emu {
namespace {

std::string element_of(std::string name, bool is_list, bool in_interface) {
  if (is_list && in_interface && name == "SecurityGroupId") return "groupSet";
  if (is_list && name == "LicenseSpecification") return "licenseSet";
  name.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(name.front())));
  return is_list ? name + "Set" : name;
}

void write_level(Xml& xml, const Params& given, bool in_interface) {
  std::set<std::string> names;
  for (const auto& [name, value] : given.values()) names.insert(name.substr(0, name.find('.')));
  for (const std::string& name : names) {
    if (const std::string* value = given.find(name)) {
      xml.text(element_of(name, false, in_interface), *value);
      continue;
    }
    const std::vector<Params> items = given.structures(name);
    if (items.empty()) {
      xml.in(element_of(name, false, in_interface),
             [&] { write_level(xml, given.under(name), in_interface); });
      continue;
    }
    xml.in(element_of(name, true, in_interface), [&] {
      for (const Params& item : items) {
        if (item.has(""))
          xml.text(in_interface && name == "SecurityGroupId" ? "groupId" : "item", item.get(""));
        else
          xml.in("item", [&] { write_level(xml, item, name == "NetworkInterface"); });
      }
    });
  }
}

}  // namespace

void write_given(Xml& xml, const Params& given) {
  write_level(xml, given, false);
}

std::map<std::string, std::string> given_for(const LaunchData& data) {
  std::map<std::string, std::string> given;
  auto say = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) given[name] = value;
  };
  say("ImageId", data.image_id);
  say("InstanceType", data.type);
  say("KeyName", data.key_name);
  say("UserData", data.user_data.empty() ? "" : to_base64(data.user_data.str()));
  say("IamInstanceProfile.Name", data.profile);
  say("InstanceInitiatedShutdownBehavior", data.shutdown_behavior);
  say("InstanceMarketOptions.MarketType", data.market);
  say("MetadataOptions.HttpTokens", data.http_tokens);
  say("MetadataOptions.HttpEndpoint", data.http_endpoint);
  say("MetadataOptions.InstanceMetadataTags", data.metadata_tags);
  say("MetadataOptions.HttpPutResponseHopLimit", data.hop_limit ? std::to_string(*data.hop_limit) : "");
  say("Placement.GroupName", data.placement_group);
  say("Placement.AvailabilityZone", data.zone);
  say("NetworkInterface.1.DeviceIndex", data.subnet_id.empty() ? "" : "0");
  say("NetworkInterface.1.SubnetId", data.subnet_id);
  for (size_t i = 0; i < data.security_groups.size(); ++i)
    say(fmt::format("SecurityGroupId.{}", i + 1), data.security_groups[i]);
  for (size_t n = 1; const auto& [type, tags] : data.tags) {
    const std::string specification = fmt::format("TagSpecification.{}.", n++);
    say(specification + "ResourceType", type);
    for (size_t i = 1; const auto& [key, value] : tags) {
      given[fmt::format("{}Tag.{}.Key", specification, i)] = key;
      given[fmt::format("{}Tag.{}.Value", specification, i++)] = value;
    }
  }
  return given;
}

}  // namespace spillway::emu
