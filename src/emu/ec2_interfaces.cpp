#include "emu/ec2_list.h"

// The network interfaces of instances.
namespace spillway::emu {
namespace {

std::string_view status_of(const Interface& interface) {
  return interface.instance_id.empty() ? "available" : "in-use";
}

std::optional<Values> interface_values(const Account& account, const Interface& interface,
                                       std::string_view name) {
  const PublicAddress seen = public_address_of(account, interface);
  if (name == "network-interface-id") return Values{interface.id};
  if (name == "subnet-id") return Values{interface.subnet_id};
  if (name == "vpc-id") return Values{interface.vpc_id};
  if (name == "availability-zone") return Values{interface.zone};
  if (name == "status") return Values{std::string(status_of(interface))};
  if (name == "mac-address") return Values{interface.mac};
  if (name == "description") return Values{interface.description};
  if (name == "owner-id") return Values{account.settings.account};
  if (name == "group-id") return interface.groups;
  if (name == "attachment.instance-id") return some({interface.instance_id});
  if (name == "attachment.attachment-id") return some({interface.attachment_id});
  if (name == "attachment.device-index") return some({interface.instance_id.empty() ? "" : "0"});
  if (name == "attachment.delete-on-termination")
    return some({interface.instance_id.empty() ? "" : interface.delete_on_termination ? "true" : "false"});
  if (name == "source-dest-check") return Values{interface.source_dest_check ? "true" : "false"};
  if (name == "private-ip-address" || name == "addresses.private-ip-address")
    return Values{interface.private_ip};
  if (name == "association.public-ip" || name == "addresses.association.public-ip") return some({seen.ip});
  if (name == "association.allocation-id") return some({seen.elastic ? seen.elastic->id : ""});
  if (name == "association.association-id") return some({seen.elastic ? seen.elastic->association_id : ""});
  return std::nullopt;
}

void write_listed(Xml& xml, const Account& account, const Interface& interface) {
  xml.text("availabilityZone", interface.zone).flag("requesterManaged", false);
  write_interface(xml, account, interface, true);
}

Answer<Xml> describe_interfaces(Account& account, const Call& call) {
  return list<Interface>(
      account, call, account.interfaces,
      {"NetworkInterfaceId", "networkInterfaceSet", kInterface, interface_values, write_listed});
}

Answer<Xml> modify_interface(Account& account, const Call& call) {
  Interface& interface =
      *EMU_TRY(named_in(account.interfaces, call.params, "NetworkInterfaceId", kInterface));
  const Values groups = call.params.list("SecurityGroupId");
  EMU_TRY(check_groups(account, groups, interface.vpc_id));
  std::optional<bool> check;
  if (call.params.has("SourceDestCheck.Value"))
    check = EMU_TRY(attribute_flag(call.params, "SourceDestCheck"));
  if (groups.empty() && !check && !call.params.has("Description.Value"))
    return refusal("MissingParameter", "No attributes specified");
  EMU_TRY(unless_dry_run(call));
  if (!groups.empty()) interface.groups = groups;
  if (check) interface.source_dest_check = *check;
  if (call.params.has("Description.Value")) interface.description = call.params.get("Description.Value");
  return done();
}

Answer<Xml> delete_interface(Account& account, const Call& call) {
  const Interface& interface =
      *EMU_TRY(named_in(account.interfaces, call.params, "NetworkInterfaceId", kInterface));
  if (!interface.instance_id.empty())
    return refusal("InvalidNetworkInterface.InUse",
                   fmt::format("The network interface '{}' is currently in use.", interface.id));
  EMU_TRY(unless_dry_run(call));
  remove_interface(account, std::string(interface.id));
  return done();
}

}  // namespace

std::string private_dns_name(const Account& account, const std::string& address) {
  if (address.empty()) return "";
  std::string dashed = address;
  for (char& c : dashed) c = c == '.' ? '-' : c;
  const std::string& region = account.settings.region;
  return fmt::format("ip-{}.{}", dashed,
                     region == "us-east-1" ? "ec2.internal" : region + ".compute.internal");
}

std::string public_dns_name(const Account& account, const Interface& interface, const std::string& address) {
  auto vpc = account.vpcs.find(interface.vpc_id);
  if (vpc == account.vpcs.end() || !vpc->second.dns_hostnames || address.empty()) return "";
  std::string dashed = address;
  for (char& c : dashed) c = c == '.' ? '-' : c;
  const std::string& region = account.settings.region;
  return fmt::format("ec2-{}.{}.amazonaws.com", dashed,
                     region == "us-east-1" ? "compute-1" : region + ".compute");
}

void write_association(Xml& xml, const Account& account, const Interface& interface) {
  const PublicAddress seen = public_address_of(account, interface);
  if (seen.ip.empty()) return;
  xml.in("association", [&] {
    xml.text("publicIp", seen.ip).text("publicDnsName", public_dns_name(account, interface, seen.ip));
    xml.text("ipOwnerId", seen.elastic ? account.settings.account : "amazon");
    if (seen.elastic)
      xml.text("allocationId", seen.elastic->id).text("associationId", seen.elastic->association_id);
  });
}

void write_interface(Xml& xml, const Account& account, const Interface& interface, bool by_itself) {
  const std::string name = private_dns_name(account, interface.private_ip);
  xml.text("networkInterfaceId", interface.id).text("subnetId", interface.subnet_id);
  xml.text("vpcId", interface.vpc_id).text("description", interface.description);
  xml.text("ownerId", account.settings.account)
      .text("status", status_of(interface))
      .text("macAddress", interface.mac);
  xml.text("privateIpAddress", interface.private_ip).text("privateDnsName", name);
  xml.flag("sourceDestCheck", interface.source_dest_check);
  write_groups(xml, account, interface.groups);
  if (!interface.instance_id.empty())
    xml.in("attachment", [&] {
      xml.text("attachmentId", interface.attachment_id)
          .number("deviceIndex", 0)
          .number("networkCardIndex", 0);
      if (by_itself)
        xml.text("instanceId", interface.instance_id).text("instanceOwnerId", account.settings.account);
      xml.text("status", "attached").text("attachTime", to_iso8601(interface.attached));
      xml.flag("deleteOnTermination", interface.delete_on_termination);
    });
  write_association(xml, account, interface);
  xml.in("privateIpAddressesSet", [&] {
    xml.in("item", [&] {
      xml.text("privateIpAddress", interface.private_ip).text("privateDnsName", name).flag("primary", true);
      write_association(xml, account, interface);
    });
  });
  xml.text("interfaceType", "interface");
}

const XmlOperations& ec2_interface_operations() {
  static const XmlOperations kTable = {{"DescribeNetworkInterfaces", describe_interfaces},
                                       {"DeleteNetworkInterface", delete_interface},
                                       {"ModifyNetworkInterfaceAttribute", modify_interface}};
  return kTable;
}

}  // namespace spillway::emu
