#include "base/crypto.h"
#include "emu/ec2.h"
#include "emu/faults.h"

namespace spillway::emu {
namespace {

std::string mac_of(
    std::string_view address) {  // 02 is locally administered; then the address, as Docker does
  std::string mac = "02:00";
  size_t start = 0;
  for (int i = 0; i < 4; ++i) {
    size_t dot = address.find('.', start);
    mac += fmt::format(":{:02x}", std::stoi(std::string(address.substr(start, dot - start))));
    start = dot + 1;
  }
  return mac;
}

Answer<Subnet*> subnet_for(Account& account, const LaunchData& data) {
  if (!data.subnet_id.empty()) {
    auto found = account.subnets.find(data.subnet_id);
    if (found == account.subnets.end())
      return refusal("InvalidSubnetID.NotFound",
                     fmt::format("The subnet ID '{}' does not exist", data.subnet_id));
    return &found->second;
  }
  for (auto& [id, subnet] : account.subnets)
    if (data.zone.empty() || subnet.zone == data.zone) return &subnet;
  return refusal("MissingInput", "No subnets found for the default VPC. Please specify a subnet.");
}

Answer<bool> check_launch(const Account& account, const LaunchData& data) {
  if (data.image_id.empty())
    return refusal("MissingParameter", "The request must contain the parameter ImageId");
  if (!account.images.contains(data.image_id))
    return refusal("InvalidAMIID.NotFound", fmt::format("The image id '[{}]' does not exist", data.image_id));
  if (!find_type(data.type))
    return refusal("InvalidParameterValue", fmt::format("Invalid value '{}' for InstanceType.", data.type));
  for (const std::string& group : data.security_groups)
    if (!account.security_groups.contains(group))
      return refusal("InvalidGroup.NotFound", fmt::format("The security group '{}' does not exist", group));
  if (!data.profile.empty() && !account.profiles.contains(data.profile))
    return refusal("InvalidParameterValue",
                   fmt::format("Value ({}) for parameter iamInstanceProfile.name is invalid. Invalid IAM "
                               "Instance Profile name",
                               data.profile));
  if (data.user_data.size() > 16384)
    return refusal("InvalidParameterValue", "User data is limited to 16384 bytes");
  return true;
}

Instance instance_of(Account& account, const LaunchOrder& order, const Subnet& subnet) {
  Instance instance;
  instance.id = InstanceId{account.make_id("i-")};
  instance.launched = account.now();
  instance.launch = order.data;
  instance.launch.subnet_id = subnet.id;
  instance.zone = subnet.zone;
  instance.vpc_id = subnet.vpc_id;
  instance.fleet_id = order.fleet_id;
  instance.client_token = order.client_token;
  instance.template_id = order.template_id;
  instance.template_version = order.template_version;
  instance.tags = order.tags;
  if (!order.fleet_id.empty()) instance.tags["aws:ec2:fleet-id"] = order.fleet_id;
  if (!order.template_id.empty()) {
    instance.tags["aws:ec2launchtemplate:id"] = order.template_id;
    instance.tags["aws:ec2launchtemplate:version"] = std::to_string(order.template_version);
  }
  return instance;
}

}  // namespace

Answer<Launched> launch(Account& account, const LaunchOrder& order) {
  LaunchOrder placed = order;
  if (placed.data.type.empty()) placed.data.type = "m1.small";  // RunInstances' documented default
  EMU_TRY(check_launch(account, placed.data));
  Subnet& subnet = *EMU_TRY(subnet_for(account, placed.data));
  LaunchSite site{order.operation, placed.data.type, subnet.id, subnet.zone};
  LaunchTrouble trouble = EMU_TRY(launch_trouble(account, site, placed.least));
  int64_t count = std::min({placed.most, free_addresses(subnet), trouble.capacity});
  if (count < placed.least)
    return refusal("InsufficientFreeAddressesInSubnet",
                   fmt::format("There are not enough free addresses in subnet '{}' to satisfy the requested "
                               "number of instances.",
                               subnet.id));
  Launched launched{account.make_id("r-"), {}};
  for (int64_t i = 0; i < count; ++i) {
    Instance instance = instance_of(account, placed, subnet);
    instance.reservation_id = launched.reservation_id;
    instance.launch_index = i;
    instance.never_boots = trouble.never_boots;
    instance.dies_pending = trouble.dies_pending;
    instance.private_ip = take_address(subnet);
    instance.mac = mac_of(instance.private_ip);
    const std::string id = instance.id.value;
    account.instance_by_ip[instance.private_ip] = id;
    Instance& kept = account.instances.emplace(id, std::move(instance)).first->second;
    schedule(account, kept, account.now() + account.settings.boot_delay);
    launched.instances.push_back(id);
  }
  return launched;
}

}  // namespace spillway::emu
