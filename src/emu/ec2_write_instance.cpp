#include "emu/ec2.h"
#include "emu/iam.h"

namespace spillway::emu {
namespace {

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

void write_profile(Xml& xml, const Account& account, const Instance& instance) {
  auto profile = account.profiles.find(instance.launch.profile);
  if (profile == account.profiles.end()) return;
  xml.in("iamInstanceProfile",
         [&] { xml.text("arn", profile_arn(account, profile->second)).text("id", profile->second.id); });
}

void write_instance(Xml& xml, const Account& account, const Instance& instance) {
  const LaunchData& launch = instance.launch;
  const TypeFacts* type = find_type(launch.type);
  bool gone = instance.private_ip.empty();
  xml.text("instanceId", instance.id.value).text("imageId", launch.image_id);
  xml.in("instanceState", [&] {
    xml.number("code", static_cast<int>(instance.state)).text("name", to_string(instance.state));
  });
  const Interface* interface = gone ? nullptr : interface_of(account, instance);
  const std::string public_ip = interface ? public_address_of(account, *interface).ip : "";
  xml.text("privateDnsName", private_dns_name(account, instance.private_ip));
  xml.text("dnsName", interface ? public_dns_name(account, *interface, public_ip) : "");
  xml.text("reason", instance.reason);
  if (!launch.key_name.empty()) xml.text("keyName", launch.key_name);
  xml.number("amiLaunchIndex", instance.launch_index).in("productCodes", [] {});
  xml.text("instanceType", launch.type).text("launchTime", to_iso8601(instance.launched));
  xml.in("placement", [&] {
    xml.text("availabilityZone", instance.zone)
        .text("groupName", launch.placement_group)
        .text("tenancy", "default");
  });
  xml.in("monitoring", [&] { xml.text("state", launch.monitored.value_or(false) ? "enabled" : "disabled"); });
  if (!gone) {
    xml.text("subnetId", launch.subnet_id).text("vpcId", instance.vpc_id);
    xml.text("privateIpAddress", instance.private_ip);
    if (!public_ip.empty()) xml.text("ipAddress", public_ip);
  }
  if (interface) xml.flag("sourceDestCheck", interface->source_dest_check);
  write_groups(xml, account, interface ? interface->groups : std::vector<std::string>{});
  if (!instance.reason_code.empty())
    xml.in("stateReason", [&] { xml.text("code", instance.reason_code).text("message", instance.reason); });
  xml.text("architecture", type ? type->architecture : "x86_64").text("rootDeviceType", "ebs");
  xml.text("rootDeviceName", root_device_of(account, instance));
  write_block_devices(xml, account, instance);
  xml.text("virtualizationType", "hvm");
  xml.text("clientToken", instance.client_token);
  if (launch.market == "spot")
    xml.text("instanceLifecycle", "spot").text("spotInstanceRequestId", spot_request_of(instance));
  write_tags(xml, instance.tags);
  xml.text("hypervisor", "xen");
  xml.in("networkInterfaceSet", [&] {
    if (!interface) return;  // a terminated instance has none
    xml.in("item", [&] { write_interface(xml, account, *interface, false); });
  });
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
