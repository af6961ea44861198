#include "emu/ec2.h"

namespace spillway::emu {
namespace {

void write_groups(Xml& xml, const Account& account, const Instance& instance) {
  xml.in("groupSet", [&] {
    for (const std::string& id : instance.launch.security_groups) {
      auto group = account.security_groups.find(id);
      xml.in("item", [&] {
        xml.text("groupId", id);
        if (group != account.security_groups.end()) xml.text("groupName", group->second.name);
      });
    }
  });
}

void write_metadata_options(Xml& xml, const LaunchData& launch) {
  xml.in("metadataOptions", [&] {
    xml.text("state", "applied")
        .text("httpTokens", launch.http_tokens.empty() ? "required" : launch.http_tokens)
        .number("httpPutResponseHopLimit", launch.hop_limit.value_or(1))
        .text("httpEndpoint", launch.http_endpoint.empty() ? "enabled" : launch.http_endpoint)
        .text("httpProtocolIpv6", "disabled")
        .text("instanceMetadataTags", launch.metadata_tags.empty() ? "disabled" : launch.metadata_tags);
  });
}

void write_interface(Xml& xml, const Account& account, const Instance& instance) {
  xml.in("networkInterfaceSet", [&] {
    if (instance.private_ip.empty()) return;  // a terminated instance has none
    xml.in("item", [&] {
      xml.text("networkInterfaceId", "eni-" + instance.id.value.substr(2))
          .text("subnetId", instance.launch.subnet_id)
          .text("vpcId", instance.vpc_id)
          .text("ownerId", account.settings.account)
          .text("status", "in-use")
          .text("macAddress", instance.mac)
          .text("privateIpAddress", instance.private_ip)
          .flag("sourceDestCheck", true);
      write_groups(xml, account, instance);
      xml.in("privateIpAddressesSet", [&] {
        xml.in("item", [&] { xml.text("privateIpAddress", instance.private_ip).flag("primary", true); });
      });
      xml.text("interfaceType", "interface");
    });
  });
}

void write_profile(Xml& xml, const Account& account, const Instance& instance) {
  auto profile = account.profiles.find(instance.launch.profile);
  if (profile == account.profiles.end()) return;
  xml.in("iamInstanceProfile", [&] {
    xml.text("arn", fmt::format("arn:aws:iam::{}:instance-profile/{}", account.settings.account,
                                profile->second.name))
        .text("id", profile->second.id);
  });
}

void write_instance(Xml& xml, const Account& account, const Instance& instance) {
  const LaunchData& launch = instance.launch;
  const TypeFacts* type = find_type(launch.type);
  bool gone = instance.private_ip.empty();
  xml.text("instanceId", instance.id.value).text("imageId", launch.image_id);
  xml.in("instanceState", [&] {
    xml.number("code", static_cast<int>(instance.state)).text("name", to_string(instance.state));
  });
  std::string dashed = instance.private_ip;
  for (char& c : dashed) c = c == '.' ? '-' : c;
  xml.text("privateDnsName", gone ? "" : fmt::format("ip-{}.ec2.internal", dashed)).text("dnsName", "");
  xml.text("reason", instance.reason);
  if (!launch.key_name.empty()) xml.text("keyName", launch.key_name);
  xml.number("amiLaunchIndex", instance.launch_index).in("productCodes", [] {});
  xml.text("instanceType", launch.type).text("launchTime", to_iso8601(instance.launched));
  xml.in("placement", [&] {
    xml.text("availabilityZone", instance.zone)
        .text("groupName", launch.placement_group)
        .text("tenancy", "default");
  });
  xml.in("monitoring", [&] { xml.text("state", "disabled"); });
  if (!gone) {
    xml.text("subnetId", launch.subnet_id).text("vpcId", instance.vpc_id);
    xml.text("privateIpAddress", instance.private_ip);
  }
  xml.flag("sourceDestCheck", true);
  write_groups(xml, account, instance);
  if (!instance.reason_code.empty())
    xml.in("stateReason", [&] { xml.text("code", instance.reason_code).text("message", instance.reason); });
  xml.text("architecture", type ? type->architecture : "x86_64").text("rootDeviceType", "ebs");
  xml.text("rootDeviceName", "/dev/xvda").in("blockDeviceMapping", [] {}).text("virtualizationType", "hvm");
  xml.text("clientToken", instance.client_token);
  if (launch.market == "spot") xml.text("instanceLifecycle", "spot");
  write_tags(xml, instance.tags);
  xml.text("hypervisor", "xen");
  write_interface(xml, account, instance);
  write_profile(xml, account, instance);
  xml.flag("ebsOptimized", false).flag("enaSupport", true);
  xml.in("cpuOptions", [&] {
    int cores = type ? type->cores : 1;
    xml.number("coreCount", cores).number("threadsPerCore", type ? type->vcpus / cores : 1);
  });
  write_metadata_options(xml, launch);
}

}  // namespace

void write_reservation(Xml& xml, const Account& account, const std::string& reservation_id,
                       const std::vector<const Instance*>& instances) {
  xml.text("reservationId", reservation_id).text("ownerId", account.settings.account).in("groupSet", [] {});
  xml.in("instancesSet", [&] {
    for (const Instance* instance : instances)
      xml.in("item", [&] { write_instance(xml, account, *instance); });
  });
}

}  // namespace spillway::emu
