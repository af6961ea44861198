#include "site/carve.h"
#include "site/desired.h"

namespace spillway::site {
namespace {

/// What every instance of ours has: metadata version 2 within one hop, and an encrypted disk that goes with
/// it.
Json metadata_options() {
  return Json::object({{"HttpTokens", "required"},
                       {"HttpPutResponseHopLimit", 1},
                       {"HttpEndpoint", "enabled"},
                       {"InstanceMetadataTags", "enabled"}});
}

Json root_volume(const std::string& device, int64_t gib) {
  return Json::array({Json::object({{"DeviceName", device},
                                    {"Ebs", Json::object({{"Encrypted", true},
                                                          {"DeleteOnTermination", true},
                                                          {"VolumeType", "gp3"},
                                                          {"VolumeSize", gib}})}})});
}

/// The compute nodes' script, with the role's id where the placeholder stands.
Json with_role_id(const std::string& script) {
  Json parts = Json::array();
  size_t from = 0;
  for (size_t at; (at = script.find(kRoleIdPlaceholder, from)) != std::string::npos;
       from = at + kRoleIdPlaceholder.size())
    parts.push(script.substr(from, at - from)).push(attribute("ComputeRole", "RoleId"));
  parts.push(script.substr(from));
  return Json::object({{"Fn::Join", Json::array({"", std::move(parts)})}});
}

Json tag(std::string_view key, std::string_view value) {
  return Json::object({{"Key", key}, {"Value", value}});
}

/// One gateway with its public address. `key` is where its resources' keys begin; an empty `address` is EC2's
/// choice.
void want_instance(const Inputs& in, const std::string& key, const std::string& user_data,
                   const std::string& address, Resources& out) {
  out.push_back(resource(key + "Address", "AWS::EC2::EIP", Json::object({{"Domain", "vpc"}})));
  Json properties = Json::object({{"ImageId", in.gateway_image},
                                  {"InstanceType", in.own.gateway_type},
                                  {"SubnetId", ref_to(key + "Subnet")},
                                  {"SecurityGroupIds", Json::array({ref_to("GatewayGroup")})},
                                  {"IamInstanceProfile", ref_to(key + "Profile")},
                                  {"SourceDestCheck", false},
                                  {"MetadataOptions", metadata_options()},
                                  {"BlockDeviceMappings", root_volume(in.gateway_root_device, 8)},
                                  {"UserDataDigest", digest_of(user_data).substr(0, 32)}});
  if (!address.empty()) properties.set("PrivateIpAddress", address);
  Resource gateway = resource(key, "AWS::EC2::Instance", std::move(properties));
  // It looks for both as soon as it runs.
  gateway.after = {key + "Key", key + "Peers"};
  out.push_back(std::move(gateway));
  Resource association =
      resource(key + "AddressAssociation", "AWS::EC2::EIPAssociation",
               Json::object({{"AllocationId", ref_to(key + "Address")}, {"InstanceId", ref_to(key)}}));
  // EC2 refuses a public address in a VPC without a way to the internet.
  if (in.existing.gateway_subnet.empty()) association.after = {"InternetGateway", "PublicRoutes"};
  out.push_back(std::move(association));
}

}  // namespace

Result<void> want_gateway(const Inputs& in, Resources& out) {
  if (in.vpn.onprem_cidrs.empty() || vpn::is_node_mode(in.vpn)) return {};
  const std::string address = in.existing.gateway_subnet.empty() ? TRY(address_in(in.vpc_cidr, 5)) : "";
  want_instance(in, "Gateway", in.gateway_user_data, address, out);
  if (has_standby(in))
    want_instance(in, "Standby", in.standby_user_data, TRY(address_in(TRY(gateway_network(in, 1)), 5)), out);
  return {};
}

void want_templates(const Inputs& in, Resources& out) {
  const auto tags_of = [&](std::string_view kind) {
    return Json::object({{"ResourceType", kind},
                         {"Tags", Json::array({tag("spillway:cluster", in.cluster.value),
                                               tag("spillway:name", in.name), tag("spillway:kind", kind)})}});
  };
  Json data =
      Json::object({{"ImageId", in.image},
                    {"UserData", with_role_id(in.compute_user_data)},
                    {"InstanceInitiatedShutdownBehavior", "terminate"},
                    {"IamInstanceProfile", Json::object({{"Name", ref_to("ComputeProfile")}})},
                    {"SecurityGroupIds", Json::array({ref_to("ComputeGroup")})},
                    {"MetadataOptions", metadata_options()},
                    {"BlockDeviceMappings", root_volume(in.root_device, in.own.volume_gib)},
                    {"TagSpecifications", Json::array({tags_of("volume"), tags_of("network-interface")})}});
  out.push_back(resource("ComputeTemplate", "AWS::EC2::LaunchTemplate",
                         Json::object({{"LaunchTemplateName", fmt::format("spillway-{}-compute", in.name)},
                                       {"LaunchTemplateData", std::move(data)}})));
}

}  // namespace spillway::site
