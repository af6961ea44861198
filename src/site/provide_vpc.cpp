#include "site/provider.h"

// VPC, subnets, internet gateway, and the options that give instances their name servers.
namespace spillway::site {
namespace {

Json bool_of(const Json& value) {
  return Json::object({{"Value", value.as_bool()}});
}

Result<Json> vpc_attribute(const Session& session, const std::string& id, const char* asked,
                           const char* told) {
  const Json answer =
      TRY(ec2(session, "DescribeVpcAttribute", Json::object({{"VpcId", id}, {"Attribute", asked}})));
  return answer[told]["Value"];
}

Result<Actual> vpc_of(const Session& session, const Json& vpc) {
  const std::string id = vpc["VpcId"].as_string();
  Actual out{tag_in(vpc["Tags"], "spillway:kind"), "AWS::EC2::VPC", id,
             Json::object({{"CidrBlock", vpc["CidrBlock"]}}),
             Json::object({{"CidrBlock", vpc["CidrBlock"]}})};
  out.properties.set("EnableDnsSupport",
                     TRY(vpc_attribute(session, id, "enableDnsSupport", "EnableDnsSupport")));
  out.properties.set("EnableDnsHostnames",
                     TRY(vpc_attribute(session, id, "enableDnsHostnames", "EnableDnsHostnames")));
  return out;
}

Result<std::vector<Actual>> find_vpcs(const Session& session) {
  const Json answer = TRY(ec2(session, "DescribeVpcs", Json::object({{"Filters", our_filters(session)}})));
  std::vector<Actual> out;
  for (const Json& vpc : answer["Vpcs"].items()) out.push_back(TRY(vpc_of(session, vpc)));
  return out;
}

Result<Actual> update_vpc(const Session& session, const Actual& actual, const Resource& wanted) {
  for (const char* name : {"EnableDnsSupport", "EnableDnsHostnames"})  // one attribute a call
    if (actual.properties[name] != wanted.properties[name])
      TRY(patiently(session, {"InvalidVpcID.NotFound"}, [&] {
        return ec2(session, "ModifyVpcAttribute",
                   Json::object({{"VpcId", actual.id}, {name, bool_of(wanted.properties[name])}}));
      }));
  return actual;
}

Result<Actual> create_vpc(const Session& session, const Resource& wanted) {
  const Json answer =
      TRY(ec2(session, "CreateVpc",
              Json::object({{"CidrBlock", wanted.properties["CidrBlock"]},
                            {"TagSpecifications", tag_specifications(session, "vpc", wanted.key)}})));
  Actual made{wanted.key, wanted.type, answer["Vpc"]["VpcId"].as_string()};
  made.attributes.set("CidrBlock", wanted.properties["CidrBlock"]);
  return update_vpc(session, made, wanted);
}

Result<void> remove_vpc(const Session& session, const Actual& actual) {
  return unless_gone(patiently(session, {"DependencyViolation"}, [&] {
    return ec2(session, "DeleteVpc", Json::object({{"VpcId", actual.id}}));
  }));
}

Result<Actual> adopt_vpc(const Session& session, const Resource& wanted) {
  const Json answer =
      TRY(ec2(session, "DescribeVpcs", Json::object({{"VpcIds", Json::array({wanted.existing})}})));
  return Actual{wanted.key, wanted.type, wanted.existing, Json::object(),
                Json::object({{"CidrBlock", answer["Vpcs"].at(0)["CidrBlock"]}})};
}

// ---- subnets

Actual subnet_of(const Json& subnet) {
  return {tag_in(subnet["Tags"], "spillway:kind"), "AWS::EC2::Subnet", subnet["SubnetId"].as_string(),
          Json::object({{"VpcId", subnet["VpcId"]},
                        {"CidrBlock", subnet["CidrBlock"]},
                        {"AvailabilityZone", subnet["AvailabilityZone"]},
                        {"MapPublicIpOnLaunch", subnet["MapPublicIpOnLaunch"]}})};
}

Result<std::vector<Actual>> find_subnets(const Session& session) {
  const Json answer = TRY(ec2(session, "DescribeSubnets", Json::object({{"Filters", our_filters(session)}})));
  std::vector<Actual> out;
  for (const Json& subnet : answer["Subnets"].items()) out.push_back(subnet_of(subnet));
  return out;
}

Result<Actual> update_subnet(const Session& session, const Actual& actual, const Resource& wanted) {
  TRY(patiently(session, {"InvalidSubnetID.NotFound"}, [&] {
    return ec2(session, "ModifySubnetAttribute",
               Json::object({{"SubnetId", actual.id},
                             {"MapPublicIpOnLaunch", bool_of(wanted.properties["MapPublicIpOnLaunch"])}}));
  }));
  return actual;
}

Result<Actual> create_subnet(const Session& session, const Resource& wanted) {
  const Json& p = wanted.properties;
  const Json answer = TRY(patiently(session, {"InvalidVpcID.NotFound"}, [&] {
    return ec2(session, "CreateSubnet",
               Json::object({{"VpcId", p["VpcId"]},
                             {"CidrBlock", p["CidrBlock"]},
                             {"AvailabilityZone", p["AvailabilityZone"]},
                             {"TagSpecifications", tag_specifications(session, "subnet", wanted.key)}}));
  }));
  const Actual made{wanted.key, wanted.type, answer["Subnet"]["SubnetId"].as_string()};
  return p["MapPublicIpOnLaunch"].as_bool() ? update_subnet(session, made, wanted) : made;
}

Result<void> remove_subnet(const Session& session, const Actual& actual) {
  return unless_gone(patiently(session, {"DependencyViolation"}, [&] {
    return ec2(session, "DeleteSubnet", Json::object({{"SubnetId", actual.id}}));
  }));
}

Result<Actual> adopt_subnet(const Session& session, const Resource& wanted) {
  const Json answer =
      TRY(ec2(session, "DescribeSubnets", Json::object({{"SubnetIds", Json::array({wanted.existing})}})));
  Actual out = subnet_of(answer["Subnets"].at(0));
  out.key = wanted.key;
  return out;
}

// ---- internet gateway; VpcId stands for CloudFormation's VPCGatewayAttachment

Result<std::vector<Actual>> find_internet_gateways(const Session& session) {
  const Json answer =
      TRY(ec2(session, "DescribeInternetGateways", Json::object({{"Filters", our_filters(session)}})));
  std::vector<Actual> out;
  for (const Json& gateway : answer["InternetGateways"].items())
    out.push_back({tag_in(gateway["Tags"], "spillway:kind"), "AWS::EC2::InternetGateway",
                   gateway["InternetGatewayId"].as_string(),
                   Json::object({{"VpcId", gateway["Attachments"].at(0)["VpcId"].as_string()}})});
  return out;
}

Result<Actual> update_internet_gateway(const Session& session, const Actual& actual, const Resource& wanted) {
  if (const std::string& other = actual.properties["VpcId"].as_string(); !other.empty())
    TRY(unless_gone(ec2(session, "DetachInternetGateway",
                        Json::object({{"InternetGatewayId", actual.id}, {"VpcId", other}}))));
  TRY(patiently(session, {"InvalidInternetGatewayID.NotFound", "InvalidVpcID.NotFound"}, [&] {
    return ec2(session, "AttachInternetGateway",
               Json::object({{"InternetGatewayId", actual.id}, {"VpcId", wanted.properties["VpcId"]}}));
  }));
  return actual;
}

Result<Actual> create_internet_gateway(const Session& session, const Resource& wanted) {
  const Json answer = TRY(ec2(
      session, "CreateInternetGateway",
      Json::object({{"TagSpecifications", tag_specifications(session, "internet-gateway", wanted.key)}})));
  Actual made{wanted.key, wanted.type, answer["InternetGateway"]["InternetGatewayId"].as_string()};
  return update_internet_gateway(session, made, wanted);
}

Result<void> remove_internet_gateway(const Session& session, const Actual& actual) {
  if (const std::string& vpc = actual.properties["VpcId"].as_string(); !vpc.empty()) {
    const auto detached = patiently(session, {"DependencyViolation"}, [&] {
      return ec2(session, "DetachInternetGateway",
                 Json::object({{"InternetGatewayId", actual.id}, {"VpcId", vpc}}));
    });
    if (!detached && detached.error().peer_code != "Gateway.NotAttached") TRY(unless_gone(detached));
  }
  return unless_gone(ec2(session, "DeleteInternetGateway", Json::object({{"InternetGatewayId", actual.id}})));
}

// ---- DHCP options; VpcId stands for CloudFormation's VPCDHCPOptionsAssociation

Result<std::vector<Actual>> find_dhcp_options(const Session& session) {
  const Json answer =
      TRY(ec2(session, "DescribeDhcpOptions", Json::object({{"Filters", our_filters(session)}})));
  std::vector<Actual> out;
  for (const Json& options : answer["DhcpOptions"].items()) {
    const std::string id = options["DhcpOptionsId"].as_string();
    Actual one{tag_in(options["Tags"], "spillway:kind"), "AWS::EC2::DHCPOptions", id};
    for (const Json& each : options["DhcpConfigurations"].items()) {
      Json values = Json::array();
      for (const Json& value : each["Values"].items()) values.push(value["Value"]);
      if (each["Key"].as_string() == "domain-name-servers")
        one.properties.set("DomainNameServers", std::move(values));
      else if (each["Key"].as_string() == "domain-name")
        one.properties.set("DomainName", values.at(0));
    }
    const Json vpcs =
        TRY(ec2(session, "DescribeVpcs",
                Json::object({{"Filters", Json::array({Json::object({{"Name", "dhcp-options-id"},
                                                                     {"Values", Json::array({id})}})})}})));
    if (vpcs["Vpcs"].size() > 0) one.properties.set("VpcId", vpcs["Vpcs"].at(0)["VpcId"]);
    out.push_back(std::move(one));
  }
  return out;
}

Result<Actual> associate_dhcp_options(const Session& session, const Actual& actual, const Resource& wanted) {
  TRY(patiently(session, {"InvalidDhcpOptionID.NotFound", "InvalidVpcID.NotFound"}, [&] {
    return ec2(session, "AssociateDhcpOptions",
               Json::object({{"DhcpOptionsId", actual.id}, {"VpcId", wanted.properties["VpcId"]}}));
  }));
  return actual;
}

Result<Actual> create_dhcp_options(const Session& session, const Resource& wanted) {
  const auto option = [](std::string_view key, Json values) {
    return Json::object({{"Key", key}, {"Values", std::move(values)}});
  };
  Json options = Json::array({option("domain-name-servers", wanted.properties["DomainNameServers"])});
  if (wanted.properties.contains("DomainName"))
    options.push(option("domain-name", Json::array({wanted.properties["DomainName"]})));
  const Json answer = TRY(
      ec2(session, "CreateDhcpOptions",
          Json::object({{"DhcpConfigurations", std::move(options)},
                        {"TagSpecifications", tag_specifications(session, "dhcp-options", wanted.key)}})));
  return associate_dhcp_options(
      session, {wanted.key, wanted.type, answer["DhcpOptions"]["DhcpOptionsId"].as_string()}, wanted);
}

Result<void> remove_dhcp_options(const Session& session, const Actual& actual) {
  if (const std::string& vpc = actual.properties["VpcId"].as_string(); !vpc.empty())
    TRY(unless_gone(
        ec2(session, "AssociateDhcpOptions", Json::object({{"DhcpOptionsId", "default"}, {"VpcId", vpc}}))));
  return unless_gone(ec2(session, "DeleteDhcpOptions", Json::object({{"DhcpOptionsId", actual.id}})));
}

}  // namespace

std::vector<Provider> vpc_providers() {
  return {{"AWS::EC2::VPC", "VPC", {{"CidrBlock"}}, find_vpcs, create_vpc, update_vpc, remove_vpc, adopt_vpc},
          {"AWS::EC2::InternetGateway",
           "internet gateway",
           {},
           find_internet_gateways,
           create_internet_gateway,
           update_internet_gateway,
           remove_internet_gateway},
          {"AWS::EC2::DHCPOptions",
           "DHCP options",
           {{"DomainNameServers", "DomainName"}},
           find_dhcp_options,
           create_dhcp_options,
           associate_dhcp_options,
           remove_dhcp_options},
          {"AWS::EC2::Subnet",
           "subnet",
           {{"VpcId", "CidrBlock", "AvailabilityZone"}},
           find_subnets,
           create_subnet,
           update_subnet,
           remove_subnet,
           adopt_subnet}};
}

}  // namespace spillway::site
