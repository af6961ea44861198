#include "emu/vpc_parts.h"

#include <algorithm>

#include "base/text.h"
#include "emu/cidr.h"
#include "emu/faults.h"

namespace spillway::emu {
namespace {

constexpr uint32_t kKept = 4;  // AWS keeps the first four addresses of a subnet, and the last one

Cidr network_of(const Subnet& subnet) {
  return Cidr::parse(subnet.cidr).value_or(Cidr{0, 32});
}

std::string mac_of(
    std::string_view address) {  // 02 is locally administered; then the address, as Docker does
  const uint32_t bits = parse_ipv4(address).value_or(0);
  return fmt::format("02:00:{:02x}:{:02x}:{:02x}:{:02x}", bits >> 24, bits >> 16 & 255, bits >> 8 & 255,
                     bits & 255);
}

const std::string& default_dhcp_options(Account& account) {
  for (const auto& [id, options] : account.dhcp_options)
    if (options.of_region) return id;
  DhcpOptions made;
  made.id = account.make_id("dopt-");
  made.of_region = true;
  made.values["domain-name"] = {account.settings.region == "us-east-1"
                                    ? "ec2.internal"
                                    : account.settings.region + ".compute.internal"};
  made.values["domain-name-servers"] = {"AmazonProvidedDNS"};
  return account.dhcp_options.emplace(made.id, made).first->first;
}

Volume volume_of(Account& account, const Instance& instance, const BlockDevice& device) {
  Volume volume;
  volume.id = account.make_id("vol-");
  volume.instance_id = instance.id.value;
  volume.device = device.device;
  volume.zone = instance.zone;
  volume.created = account.now();
  if (!device.type.empty()) volume.type = device.type;
  volume.kms_key = device.kms_key;
  volume.snapshot = device.snapshot;
  volume.gib = device.gib.value_or(volume.gib);
  volume.encrypted = device.encrypted.value_or(false);
  volume.delete_on_termination = device.delete_on_termination.value_or(true);
  auto tags = instance.launch.tags.find("volume");
  if (tags != instance.launch.tags.end()) volume.tags = tags->second;
  return volume;
}

void give_volumes(Account& account, Instance& instance) {
  auto image = account.images.find(instance.launch.image_id);
  const std::string root = image == account.images.end() ? "/dev/xvda" : image->second.root_device;
  std::vector<BlockDevice> devices = instance.launch.block_devices;
  if (std::none_of(devices.begin(), devices.end(), [&](const BlockDevice& d) { return d.device == root; }))
    devices.insert(devices.begin(), BlockDevice{root, "", "", "", {}, {}, {}});
  for (const BlockDevice& device : devices) {
    Volume volume = volume_of(account, instance, device);
    instance.volumes.push_back(volume.id);
    account.volumes.emplace(volume.id, volume);
  }
}

}  // namespace

int64_t free_addresses(const Subnet& subnet) {
  return std::max<int64_t>(
      0, static_cast<int64_t>(network_of(subnet).size()) - 5 - static_cast<int64_t>(subnet.used.size()));
}

std::string take_address(Subnet& subnet) {
  if (free_addresses(subnet) == 0) return "";
  const Cidr network = network_of(subnet);
  const auto last = static_cast<uint32_t>(network.size() - 1);
  while (subnet.next < kKept || subnet.next >= last || subnet.used.contains(subnet.next))
    subnet.next = subnet.next >= last ? kKept : subnet.next + 1;
  subnet.used.insert(subnet.next);
  return to_ipv4(network.base + subnet.next++);
}

bool take_address(Subnet& subnet, std::string_view wanted) {
  const Cidr network = network_of(subnet);
  auto address = parse_ipv4(wanted);
  if (!address || !network.contains(*address)) return false;
  const uint32_t host = *address - network.base;
  return host >= kKept && host < network.size() - 1 && subnet.used.insert(host).second;
}

void release_address(Subnet& subnet, std::string_view address) {
  if (auto parsed = parse_ipv4(address)) subnet.used.erase(*parsed - network_of(subnet).base);
}

void allow_all_egress(Account& account, const std::string& group_id) {
  SecurityGroupRule rule;
  rule.id = account.make_id("sgr-");
  rule.group_id = group_id;
  rule.egress = true;
  rule.protocol = "-1";
  rule.cidr = "0.0.0.0/0";
  account.security_group_rules.emplace(rule.id, rule);
}

const SecurityGroup* default_group(const Account& account, std::string_view vpc_id) {
  for (const auto& [id, group] : account.security_groups)
    if (group.vpc_id == vpc_id && group.name == "default") return &group;
  return nullptr;
}

void furnish(Account& account, Vpc& vpc) {
  if (vpc.dhcp_options.empty()) vpc.dhcp_options = default_dhcp_options(account);
  if (!default_group(account, vpc.id)) {
    SecurityGroup group{account.make_id("sg-"), vpc.id, "default", "default VPC security group", {}};
    SecurityGroupRule among_members;
    among_members.id = account.make_id("sgr-");
    among_members.group_id = among_members.peer_group = group.id;
    among_members.protocol = "-1";
    account.security_group_rules.emplace(among_members.id, among_members);
    allow_all_egress(account, group.id);
    account.security_groups.emplace(group.id, group);
  }
  for (const auto& [id, table] : account.route_tables)
    if (table.vpc_id == vpc.id && !table.main_association.empty()) return;
  RouteTable table;
  table.id = account.make_id("rtb-");
  table.vpc_id = vpc.id;
  table.main_association = account.make_id("rtbassoc-");
  table.routes.push_back({vpc.cidr, "local", "CreateRouteTable"});
  account.route_tables.emplace(table.id, table);
}

const RouteTable* route_table_of(const Account& account, const Subnet& subnet) {
  const RouteTable* main = nullptr;
  for (const auto& [id, table] : account.route_tables) {
    if (table.vpc_id != subnet.vpc_id) continue;
    if (!table.main_association.empty()) main = &table;
    for (const auto& [association, member] : table.associations)
      if (member == subnet.id) return &table;
  }
  return main;
}

std::string s3_service(const Account& account) {
  return fmt::format("com.amazonaws.{}.s3", account.settings.region);
}

std::string unused_public_address(const Account& account) {
  std::set<std::string> taken;
  for (const auto& [id, address] : account.addresses) taken.insert(address.ip);
  for (const auto& [id, interface] : account.interfaces) taken.insert(interface.public_ip);
  const auto pool = Cidr::parse(account.settings.public_cidr);
  for (uint64_t i = 0; pool && i < pool->size(); ++i)
    if (std::string ip = to_ipv4(pool->base + static_cast<uint32_t>(i)); !taken.contains(ip)) return ip;
  return "";
}

PublicAddress public_address_of(const Account& account, const Interface& interface) {
  for (const auto& [id, address] : account.addresses)
    if (address.interface_id == interface.id) return {address.ip, &address};
  return {interface.public_ip, nullptr};
}

std::string interface_id(const Instance& instance) {
  return "eni-" + (instance.id.value.size() > 2 ? instance.id.value.substr(2) : "");
}

const Interface* interface_of(const Account& account, const Instance& instance) {
  auto found = account.interfaces.find(interface_id(instance));
  const bool has = found != account.interfaces.end() && found->second.instance_id == instance.id.value;
  return has ? &found->second : nullptr;
}

Interface* interface_of(Account& account, const Instance& instance) {
  return const_cast<Interface*>(interface_of(std::as_const(account), instance));
}

void equip(Account& account, Instance& instance) {
  instance.mac = mac_of(instance.private_ip);
  account.instance_by_ip[instance.private_ip] = instance.id.value;
  Interface interface;
  interface.id = interface_id(instance);
  interface.instance_id = instance.id.value;
  interface.subnet_id = instance.launch.subnet_id;
  interface.vpc_id = instance.vpc_id;
  interface.zone = instance.zone;
  interface.mac = instance.mac;
  interface.private_ip = instance.private_ip;
  interface.groups = instance.launch.security_groups;
  interface.delete_on_termination = instance.launch.interface_goes.value_or(true);
  interface.attachment_id = account.make_id("eni-attach-");
  interface.attached = account.now();
  auto tags = instance.launch.tags.find("network-interface");
  if (tags != instance.launch.tags.end()) interface.tags = tags->second;
  auto subnet = account.subnets.find(interface.subnet_id);
  if (instance.launch.public_ip.value_or(subnet != account.subnets.end() && subnet->second.map_public))
    interface.public_ip = unused_public_address(account);
  account.interfaces.emplace(interface.id, interface);
  give_volumes(account, instance);
  ++account.network_version;
}

void remove_interface(Account& account, const std::string& id) {
  auto found = account.interfaces.find(id);
  if (found == account.interfaces.end()) return;
  auto subnet = account.subnets.find(found->second.subnet_id);
  if (subnet != account.subnets.end()) release_address(subnet->second, found->second.private_ip);
  for (auto& [allocation, address] : account.addresses)
    if (address.interface_id == id) address.interface_id.clear(), address.association_id.clear();
  account.interfaces.erase(found);
  ++account.network_version;
}

void strip(Account& account, Instance& instance) {
  account.instance_by_ip.erase(instance.private_ip);
  instance.private_ip.clear();
  if (Interface* interface = interface_of(account, instance)) {
    if (!interface->delete_on_termination || leaves_behind(account, instance, "interfaces")) {
      interface->instance_id.clear(), interface->attachment_id.clear(), interface->public_ip.clear();
    } else {
      remove_interface(account, std::string(interface->id));
    }
  }
  for (const std::string& id : instance.volumes) {
    auto volume = account.volumes.find(id);
    if (volume == account.volumes.end()) continue;
    volume->second.instance_id.clear();
    if (volume->second.delete_on_termination && !leaves_behind(account, instance, "volumes"))
      account.volumes.erase(volume);
  }
  instance.volumes.clear();
  ++account.network_version;
}

}  // namespace spillway::emu
