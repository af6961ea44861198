#include "site/cloudformation.h"

namespace spillway::site {
namespace {

Json tags(const Inputs& in, const std::string& key) {
  const auto tag = [](std::string_view name, std::string_view value) {
    return Json::object({{"Key", name}, {"Value", value}});
  };
  return Json::array({tag("spillway:cluster", in.cluster.value), tag("spillway:name", in.name),
                      tag("spillway:kind", key), tag("Name", fmt::format("{} {}", in.name, key))});
}

/// Adds resources of CloudFormation for one of ours, whose properties may be wider than CloudFormation's.
class Template {
 public:
  explicit Template(const Inputs& in) : in_(in) {}

  void add(const Resource& resource) {
    Json p = resource.properties;
    if (resource.type == "AWS::EC2::InternetGateway") {
      attach(resource.key, "AWS::EC2::VPCGatewayAttachment",
             Json::object({{"VpcId", p["VpcId"]}, {"InternetGatewayId", ref_to(resource.key)}}));
      p.erase("VpcId");
    } else if (resource.type == "AWS::EC2::DHCPOptions") {
      attach(resource.key, "AWS::EC2::VPCDHCPOptionsAssociation",
             Json::object({{"VpcId", p["VpcId"]}, {"DhcpOptionsId", ref_to(resource.key)}}));
      p.erase("VpcId");
    } else if (resource.type == "AWS::EC2::RouteTable") {
      add_routes(resource, p);
    } else if (resource.type == "Spillway::SecurityGroupRules") {
      return add_rules(resource);
    } else if (resource.type.starts_with("Spillway::")) {
      left_.push(resource.key);
      return;
    } else if (resource.type == "AWS::EC2::Instance") {
      p.erase("UserDataDigest");
      p.set("UserData", Json::object({{"Fn::Base64", resource.key == "Standby" ? in_.standby_user_data
                                                                               : in_.gateway_user_data}}));
      // CloudFormation knows instances' metadata options through launch templates only.
      p.erase("MetadataOptions");
    } else if (resource.type == "AWS::EC2::LaunchTemplate") {
      Json data = p["LaunchTemplateData"];
      data.set("UserData", Json::object({{"Fn::Base64", data["UserData"]}}));
      p.set("LaunchTemplateData", std::move(data));
    } else if (resource.type == "AWS::S3::Bucket") {
      p.set("VersioningConfiguration", Json::object({{"Status", "Enabled"}}));
    }
    put(resource.key, resource.type, std::move(p), resource.after);
  }

  Json document() const {
    return Json::object({{"AWSTemplateFormatVersion", "2010-09-09"},
                         {"Description", fmt::format("Spillway's site for the cluster {}", in_.name)},
                         {"Metadata", Json::object({{"MadeByApply", left_}})},
                         {"Resources", resources_}});
  }

 private:
  void put(const std::string& key, std::string_view type, Json properties,
           const std::vector<std::string>& after) {
    constexpr std::string_view kTagged[] = {
        "AWS::EC2::VPC",           "AWS::EC2::Subnet", "AWS::EC2::InternetGateway", "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup", "AWS::EC2::EIP",    "AWS::EC2::Instance",        "AWS::EC2::DHCPOptions",
        "AWS::IAM::Role",          "AWS::S3::Bucket"};
    for (std::string_view each : kTagged)
      if (each == type) properties.set("Tags", tags(in_, key));
    if (type == "AWS::EC2::LaunchTemplate")
      properties.set(
          "TagSpecifications",
          Json::array({Json::object({{"ResourceType", "launch-template"}, {"Tags", tags(in_, key)}})}));
    Json one = Json::object({{"Type", type}, {"Properties", std::move(properties)}});
    Json names = Json::array();
    for (const std::string& name : after)
      if (resources_.contains(name)) names.push(name);
    if (names.size() > 0) one.set("DependsOn", std::move(names));
    resources_.set(key, std::move(one));
  }

  void attach(const std::string& key, std::string_view type, Json properties) {
    put(key + "Attachment", type, std::move(properties), {});
  }

  void add_routes(const Resource& table, Json& p) {
    for (const Json& each : table.properties["Routes"].items()) {
      Json route = each;
      std::string name = route["DestinationCidrBlock"].as_string();
      std::erase_if(name, [](char c) { return c < '0' || c > '9'; });
      route.set("RouteTableId", ref_to(table.key));
      put(table.key + "To" + name, "AWS::EC2::Route", std::move(route), {});
    }
    for (size_t i = 0; i < table.properties["SubnetIds"].size(); ++i)
      put(fmt::format("{}Subnet{}", table.key, i + 1), "AWS::EC2::SubnetRouteTableAssociation",
          Json::object(
              {{"RouteTableId", ref_to(table.key)}, {"SubnetId", table.properties["SubnetIds"].at(i)}}),
          {});
    p.erase("Routes");
    p.erase("SubnetIds");
  }

  void add_rules(const Resource& rules) {
    size_t number = 0;
    for (const Json& each : rules.properties["SecurityGroupIngress"].items()) {
      Json rule = each;
      rule.set("GroupId", rules.properties["GroupId"]);
      put(fmt::format("{}{}", rules.key, ++number), "AWS::EC2::SecurityGroupIngress", std::move(rule), {});
    }
  }

  const Inputs& in_;
  Json resources_ = Json::object(), left_ = Json::array();
};

/// References to what stands already become its id.
Json with_existing(const Json& json, const Resources& wanted) {
  Actuals existing;
  for (const Resource& resource : wanted)
    if (!resource.existing.empty()) existing[resource.key] = {resource.key, resource.type, resource.existing};
  return resolved(json, existing);
}

}  // namespace

Json cloudformation(const Inputs& in, const Resources& wanted) {
  Template out{in};
  for (Resource resource : wanted) {
    if (!resource.existing.empty()) continue;
    resource.properties = with_existing(resource.properties, wanted);
    out.add(resource);
  }
  return out.document();
}

}  // namespace spillway::site
