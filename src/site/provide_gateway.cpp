#include "base/crypto.h"
#include "site/codes.h"
#include "site/provider.h"

// The gateway: its instance, its public address, and their association.
namespace spillway::site {
namespace {

constexpr const char* kDigestTag =
    "spillway:digest";  // of the user-data, which DescribeInstances does not show

// ---- the instance

Actual instance_of(const Json& instance) {
  Json groups = Json::array();
  for (const Json& group : instance["SecurityGroups"].items()) groups.push(group["GroupId"]);
  const std::string& profile = instance["IamInstanceProfile"]["Arn"].as_string();
  Actual out{tag_in(instance["Tags"], "spillway:kind"), "AWS::EC2::Instance",
             instance["InstanceId"].as_string(),
             Json::object({{"ImageId", instance["ImageId"]},
                           {"InstanceType", instance["InstanceType"]},
                           {"SubnetId", instance["SubnetId"]},
                           {"PrivateIpAddress", instance["PrivateIpAddress"]},
                           {"SecurityGroupIds", std::move(groups)},
                           {"IamInstanceProfile", profile.substr(profile.rfind('/') + 1)},
                           {"SourceDestCheck", instance["SourceDestCheck"]},
                           {"UserDataDigest", tag_in(instance["Tags"], kDigestTag)}}),
             Json::object({{"PrivateIp", instance["PrivateIpAddress"]},
                           {"PublicIp", instance["PublicIpAddress"]},
                           {"State", instance["State"]["Name"]}})};
  if (instance.contains("MetadataOptions"))
    out.properties.set("MetadataOptions", instance["MetadataOptions"]);
  return out;
}

Result<std::vector<Json>> live_instances(const Session& session, Json filters) {
  filters.push(Json::object({{"Name", "instance-state-name"},
                             {"Values", Json::array({"pending", "running", "stopping", "stopped"})}}));
  const Json answer = TRY(session.aws.call_all(
      "ec2", "DescribeInstances", Json::object({{"Filters", std::move(filters)}}), session.deadline));
  std::vector<Json> out;
  for (const Json& reservation : answer["Reservations"].items())
    for (const Json& instance : reservation["Instances"].items()) out.push_back(instance);
  return out;
}

Result<std::vector<Actual>> find_gateways(const Session& session) {
  std::vector<Actual> out;
  Json filters = our_filters(session);
  filters.push(
      Json::object({{"Name", "tag:spillway:kind"}, {"Values", Json::array({"Gateway", "Standby"})}}));
  for (const Json& instance : TRY(live_instances(session, std::move(filters))))
    out.push_back(instance_of(instance));
  return out;
}

/// Waits until the instance is in the state.
Result<void> await_state(const Session& session, const std::string& id, std::string_view wanted) {
  for (Duration wait = std::chrono::milliseconds{100};;
       wait = std::min<Duration>(wait * 2, std::chrono::seconds{5})) {
    const auto answer = ec2(session, "DescribeInstances", Json::object({{"InstanceIds", Json::array({id})}}));
    if (!answer && answer.error().kind != Kind::not_found) return answer.error();
    const Json state = answer ? (*answer)["Reservations"].at(0)["Instances"].at(0)["State"]["Name"] : Json();
    if (state.as_string() == wanted || (!answer && wanted == "terminated")) return {};
    if (state.as_string() == "terminated" || state.as_string() == "shutting-down")
      if (wanted == "running")
        return Error{Kind::unavailable, kGatewayDied, fmt::format("{} ended while it started", id)};
    if (session.deadline.expired())
      return Error{Kind::timeout, fmt::format("{} is {} still, not {}", id, state.as_string(), wanted)};
    session.clock.sleep_for(wait);
  }
}

Result<Actual> update_gateway(const Session& session, const Actual& actual, const Resource& wanted) {
  const Json& p = wanted.properties;
  if (!covers(actual.properties["SourceDestCheck"], p["SourceDestCheck"]))
    TRY(ec2(session, "ModifyInstanceAttribute",
            Json::object({{"InstanceId", actual.id},
                          {"SourceDestCheck", Json::object({{"Value", p["SourceDestCheck"].as_bool()}})}})));
  if (!covers(actual.properties["SecurityGroupIds"], p["SecurityGroupIds"]))
    TRY(ec2(session, "ModifyInstanceAttribute",
            Json::object({{"InstanceId", actual.id}, {"Groups", p["SecurityGroupIds"]}})));
  if (!covers(actual.properties["MetadataOptions"], p["MetadataOptions"])) {
    Json options = p["MetadataOptions"];
    options.set("InstanceId", actual.id);
    TRY(ec2(session, "ModifyInstanceMetadataOptions", std::move(options)));
  }
  return actual;
}

Result<Actual> create_gateway(const Session& session, const Resource& wanted) {
  const Json& p = wanted.properties;
  Json tags = tag_list(session, wanted.key);
  tags.push(Json::object({{"Key", kDigestTag}, {"Value", p["UserDataDigest"]}}));
  Json volume_tags = tag_list(session, wanted.key);
  Json input = Json::object(
      {{"MinCount", 1},
       {"MaxCount", 1},
       {"ImageId", p["ImageId"]},
       {"InstanceType", p["InstanceType"]},
       {"SubnetId", p["SubnetId"]},
       {"SecurityGroupIds", p["SecurityGroupIds"]},
       {"IamInstanceProfile", Json::object({{"Name", p["IamInstanceProfile"]}})},
       {"MetadataOptions", p["MetadataOptions"]},
       {"BlockDeviceMappings", p["BlockDeviceMappings"]},
       {"UserData",
        to_base64(wanted.key == "Standby" ? session.in.standby_user_data : session.in.gateway_user_data)},
       {"TagSpecifications",
        Json::array({Json::object({{"ResourceType", "instance"}, {"Tags", std::move(tags)}}),
                     Json::object({{"ResourceType", "volume"}, {"Tags", volume_tags}}),
                     Json::object({{"ResourceType", "network-interface"}, {"Tags", volume_tags}})})}});
  if (p.contains("PrivateIpAddress")) input.set("PrivateIpAddress", p["PrivateIpAddress"]);
  // The same request gives the same instance for as long as EC2 remembers the token; a request that differs
  // is another gateway.
  input.set("ClientToken",
            to_hex(sha256(fmt::format("{}|{}|{}", session.in.cluster, session.attempt, input.dump()))));
  // A new instance profile is not known to EC2 at once, and is then called invalid.
  const Json answer = TRY(patiently(session, {"InvalidParameterValue"}, [&]() -> Result<Json> {
    auto launched = ec2(session, "RunInstances", input);
    if (!launched && launched.error().what.find("rofile") == std::string::npos)
      launched.error().peer_code.clear();
    return launched;
  }));
  Actual made{wanted.key, wanted.type, answer["Instances"].at(0)["InstanceId"].as_string()};
  made.properties.set("SecurityGroupIds", p["SecurityGroupIds"]).set("MetadataOptions", p["MetadataOptions"]);
  made.attributes.set("PrivateIp", answer["Instances"].at(0)["PrivateIpAddress"]);
  TRY(patiently(session, {"InvalidInstanceID.NotFound"}, [&]() -> Result<Json> {
    TRY(update_gateway(session, made, wanted));
    return Json();
  }));
  // A public address can be given to a running instance only.
  TRY(await_state(session, made.id, "running"));
  return made;
}

Result<void> remove_gateway(const Session& session, const Actual& actual) {
  TRY(unless_gone(
      ec2(session, "TerminateInstances", Json::object({{"InstanceIds", Json::array({actual.id})}}))));
  return await_state(session, actual.id, "terminated");
}

// ---- the address

Result<Json> addresses(const Session& session) {
  const Json answer =
      TRY(ec2(session, "DescribeAddresses", Json::object({{"Filters", our_filters(session)}})));
  return answer["Addresses"];
}

Result<std::vector<Actual>> find_addresses(const Session& session) {
  std::vector<Actual> out;
  const Json all = TRY(addresses(session));
  for (const Json& address : all.items())
    out.push_back({tag_in(address["Tags"], "spillway:kind"), "AWS::EC2::EIP",
                   address["AllocationId"].as_string(), Json::object({{"Domain", address["Domain"]}}),
                   Json::object({{"PublicIp", address["PublicIp"]}})});
  return out;
}

Result<Actual> create_address(const Session& session, const Resource& wanted) {
  const Json answer =
      TRY(ec2(session, "AllocateAddress",
              Json::object({{"Domain", wanted.properties["Domain"]},
                            {"TagSpecifications", tag_specifications(session, "elastic-ip", wanted.key)}})));
  return Actual{wanted.key, wanted.type, answer["AllocationId"].as_string(), Json::object(),
                Json::object({{"PublicIp", answer["PublicIp"]}})};
}

Result<void> remove_address(const Session& session, const Actual& actual) {
  return unless_gone(patiently(session, {"InvalidIPAddress.InUse"}, [&] {
    return ec2(session, "ReleaseAddress", Json::object({{"AllocationId", actual.id}}));
  }));
}

// ---- the association

Result<std::vector<Actual>> find_associations(const Session& session) {
  std::vector<Actual> out;
  const Json all = TRY(addresses(session));
  for (const Json& address : all.items())
    if (const std::string& id = address["AssociationId"].as_string(); !id.empty())
      out.push_back(
          {tag_in(address["Tags"], "spillway:kind") + "Association", "AWS::EC2::EIPAssociation", id,
           Json::object({{"AllocationId", address["AllocationId"]}, {"InstanceId", address["InstanceId"]}})});
  return out;
}

Result<Actual> associate(const Session& session, const Actual&, const Resource& wanted) {
  const Json answer = TRY(patiently(session, {"InvalidAllocationID.NotFound", "InvalidInstanceID"}, [&] {
    return ec2(session, "AssociateAddress",
               Json::object({{"AllocationId", wanted.properties["AllocationId"]},
                             {"InstanceId", wanted.properties["InstanceId"]},
                             {"AllowReassociation", true}}));
  }));
  return Actual{wanted.key, wanted.type, answer["AssociationId"].as_string()};
}

Result<Actual> create_association(const Session& session, const Resource& wanted) {
  return associate(session, {}, wanted);
}

Result<void> remove_association(const Session& session, const Actual& actual) {
  return unless_gone(ec2(session, "DisassociateAddress", Json::object({{"AssociationId", actual.id}})));
}

}  // namespace

std::vector<Provider> gateway_providers() {
  return {
      {"AWS::EC2::EIP",
       "elastic address",
       {{"Domain"}},
       find_addresses,
       create_address,
       nullptr,
       remove_address},
      {"AWS::EC2::Instance",
       "gateway",
       {{"ImageId", "InstanceType", "SubnetId", "PrivateIpAddress", "IamInstanceProfile", "UserDataDigest"},
        {"BlockDeviceMappings"}},
       find_gateways,
       create_gateway,
       update_gateway,
       remove_gateway},
      {"AWS::EC2::EIPAssociation",
       "association",
       {},
       find_associations,
       create_association,
       associate,
       remove_association}};
}

}  // namespace spillway::site
