#include "emu/ec2_list.h"

// Elastic addresses.
namespace spillway::emu {
namespace {

const Interface* behind(const Account& account, const Address& address) {
  auto found = account.interfaces.find(address.interface_id);
  return found == account.interfaces.end() ? nullptr : &found->second;
}

std::optional<Values> address_values(const Account& account, const Address& address, std::string_view name) {
  const Interface* interface = behind(account, address);
  if (name == "allocation-id") return Values{address.id};
  if (name == "public-ip") return Values{address.ip};
  if (name == "domain") return Values{"vpc"};
  if (name == "association-id") return some({address.association_id});
  if (name == "network-interface-id") return some({address.interface_id});
  if (name == "instance-id") return some({interface ? interface->instance_id : ""});
  if (name == "private-ip-address") return some({interface ? interface->private_ip : ""});
  return std::nullopt;
}

void write_address(Xml& xml, const Account& account, const Address& address) {
  xml.text("publicIp", address.ip).text("allocationId", address.id).text("domain", "vpc");
  if (const Interface* interface = behind(account, address)) {
    xml.text("instanceId", interface->instance_id).text("associationId", address.association_id);
    xml.text("networkInterfaceId", interface->id);
    xml.text("networkInterfaceOwnerId", account.settings.account);
    xml.text("privateIpAddress", interface->private_ip);
  }
  xml.text("publicIpv4Pool", "amazon").text("networkBorderGroup", account.settings.region);
}

/// The address that an AllocationId or a PublicIp names.
Answer<Address*> named(Account& account, const Params& params) {
  const std::string& ip = params.get("PublicIp");
  if (params.has("AllocationId") || ip.empty())
    return named_in(account.addresses, params, "AllocationId", kAddress);
  for (auto& [id, address] : account.addresses)
    if (address.ip == ip) return &address;
  return refusal("InvalidAddress.NotFound", fmt::format("Address '{}' not found.", ip));
}

Answer<Xml> describe_addresses(Account& account, const Call& call) {
  const Values wanted = call.params.list("PublicIp");
  std::map<std::string, Address, std::less<>> chosen;
  for (const auto& [id, address] : account.addresses)
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), address.ip) != wanted.end())
      chosen.emplace(id, address);
  for (const std::string& ip : wanted)
    if (std::none_of(chosen.begin(), chosen.end(), [&](const auto& entry) { return entry.second.ip == ip; }))
      return refusal("InvalidAddress.NotFound", fmt::format("Address '{}' not found.", ip));
  return list<Address>(account, call, chosen,
                       {"AllocationId", "addressesSet", kAddress, address_values, write_address});
}

Answer<Xml> allocate_address(Account& account, const Call& call) {
  if (const std::string& domain = call.params.get("Domain"); !domain.empty() && domain != "vpc")
    return refusal("InvalidParameterValue",
                   fmt::format("Value ({}) for parameter domain is invalid.", domain));
  Address address;
  address.tags = EMU_TRY(read_tags_for(call.params, "elastic-ip"));
  address.ip = unused_public_address(account);
  if (address.ip.empty())
    return refusal("AddressLimitExceeded", "The maximum number of addresses has been reached.");
  EMU_TRY(unless_dry_run(call));
  address.id = account.make_id("eipalloc-");
  account.addresses.emplace(address.id, address);
  Xml xml;
  xml.text("publicIp", address.ip).text("allocationId", address.id).text("domain", "vpc");
  xml.text("publicIpv4Pool", "amazon").text("networkBorderGroup", account.settings.region);
  return xml;
}

/// The interface that an InstanceId or a NetworkInterfaceId names, if it can have a public address.
Answer<Interface*> interface_for(Account& account, const Params& params) {
  std::string id = params.get("NetworkInterfaceId");
  if (id.empty()) {
    const std::string instance_id = EMU_TRY(required(params, "InstanceId"));
    EMU_TRY(known_instances(account, {instance_id}));
    const Instance& instance = account.instances.find(instance_id)->second;
    if (instance.state != State::running && instance.state != State::stopped)
      return refusal("InvalidInstanceID",
                     fmt::format("The {} instance '{}' is not in a valid state for this operation.",
                                 to_string(instance.state), instance_id));
    id = interface_id(instance);
  }
  Interface* interface = EMU_TRY(find_in(account.interfaces, id, kInterface));
  for (const auto& [ignored, gateway] : account.internet_gateways)
    if (gateway.vpc_id == interface->vpc_id) return interface;
  return refusal("Gateway.NotAttached",
                 fmt::format("Network {} is not attached to any internet gateway", interface->vpc_id));
}

Answer<bool> check_free(const Params& params, const Account& account, const Address& address,
                        const Interface& interface) {
  const std::string& private_ip = params.get("PrivateIpAddress");
  if (!private_ip.empty() && private_ip != interface.private_ip)
    return refusal("InvalidParameterValue",
                   fmt::format("The private IP address {} is not assigned to {}", private_ip, interface.id));
  if (params.flag("AllowReassociation")) return true;
  if (!address.interface_id.empty())
    return refusal("Resource.AlreadyAssociated",
                   fmt::format("resource {} is already associated with associate-id {}", address.id,
                               address.association_id));
  if (const Address* other = public_address_of(account, interface).elastic)
    return refusal("Resource.AlreadyAssociated",
                   fmt::format("resource {} is already associated with associate-id {}", interface.id,
                               other->association_id));
  return true;
}

Answer<Xml> associate_address(Account& account, const Call& call) {
  Address& address = *EMU_TRY(named(account, call.params));
  Interface& interface = *EMU_TRY(interface_for(account, call.params));
  if (address.interface_id != interface.id) {  // what holds already is not made again
    EMU_TRY(check_free(call.params, account, address, interface));
    EMU_TRY(unless_dry_run(call));
    for (auto& [id, other] : account.addresses)
      if (other.interface_id == interface.id) other.interface_id.clear(), other.association_id.clear();
    address.interface_id = interface.id;
    address.association_id = account.make_id("eipassoc-");
    interface.public_ip.clear();  // what the launch gave goes back to the pool
  }
  return std::move(Xml{}.flag("return", true).text("associationId", address.association_id));
}

Answer<Xml> disassociate_address(Account& account, const Call& call) {
  const std::string &id = call.params.get("AssociationId"), &ip = call.params.get("PublicIp");
  if (id.empty() && ip.empty()) EMU_TRY(required(call.params, "AssociationId"));
  for (auto& [ignored, address] : account.addresses) {
    if (address.association_id.empty() || (id.empty() ? address.ip != ip : address.association_id != id))
      continue;
    EMU_TRY(unless_dry_run(call));
    address.association_id.clear(), address.interface_id.clear();
    return done();
  }
  return refusal("InvalidAssociationID.NotFound",
                 fmt::format("The association ID '{}' does not exist", id.empty() ? ip : id));
}

Answer<Xml> release_address(Account& account, const Call& call) {
  const Address& address = *EMU_TRY(named(account, call.params));
  if (!address.association_id.empty())
    return refusal("InvalidIPAddress.InUse", fmt::format("Address {} is in use.", address.ip));
  EMU_TRY(unless_dry_run(call));
  account.addresses.erase(account.addresses.find(address.id));
  return done();
}

}  // namespace

const XmlOperations& ec2_address_operations() {
  static const XmlOperations kTable = {{"AllocateAddress", allocate_address},
                                       {"AssociateAddress", associate_address},
                                       {"DisassociateAddress", disassociate_address},
                                       {"ReleaseAddress", release_address},
                                       {"DescribeAddresses", describe_addresses}};
  return kTable;
}

}  // namespace spillway::emu
