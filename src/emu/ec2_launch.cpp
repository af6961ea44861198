#include <algorithm>

#include "emu/ec2.h"
#include "emu/ec2_kinds.h"
#include "emu/faults.h"
#include "emu/throttle.h"

// What CreateFleet and RunInstances have in common: checks, a place, and the new instances.

namespace spillway::emu {
namespace {

Answer<bool> check_launch(const Account& account, const LaunchData& data) {
  if (data.image_id.empty())
    return refusal("MissingParameter", "The request must contain the parameter ImageId");
  if (!account.images.contains(data.image_id))
    return refusal("InvalidAMIID.NotFound", fmt::format("The image id '[{}]' does not exist", data.image_id));
  if (!find_type(data.type))
    return refusal("InvalidParameterValue", fmt::format("Invalid value '{}' for InstanceType.", data.type));
  if (data.interfaces && data.places_itself)
    return refusal(
        "InvalidParameterCombination",
        "Network interfaces and an instance-level subnet ID or security groups may not be specified "
        "on the same request");
  if (data.interfaces > 1)
    return refusal("UnsupportedOperation", "This emulator gives instances one network interface");
  for (const std::string& group : data.security_groups)
    EMU_TRY(find_in(account.security_groups, group, kGroup));
  if (!data.profile.empty() && !account.profiles.contains(data.profile))
    return refusal("InvalidParameterValue",
                   fmt::format("Value ({}) for parameter iamInstanceProfile.name is invalid. Invalid IAM "
                               "Instance Profile name",
                               data.profile));
  if (data.user_data.str().size() > 16384)
    return refusal("InvalidParameterValue", "User data is limited to 16384 bytes");
  return true;
}

/// The groups of a launch into the subnet: those that it names, or the VPC's default one.
Answer<std::vector<std::string>> groups_for(const Account& account, const LaunchData& data,
                                            const Subnet& subnet) {
  std::vector<std::string> groups = data.security_groups;
  for (const std::string& name : data.group_names) {
    auto found = std::find_if(
        account.security_groups.begin(), account.security_groups.end(),
        [&](const auto& entry) { return entry.second.vpc_id == subnet.vpc_id && entry.second.name == name; });
    if (found == account.security_groups.end())
      return refusal("InvalidGroup.NotFound",
                     fmt::format("The security group '{}' does not exist in VPC '{}'", name, subnet.vpc_id));
    groups.push_back(found->first);
  }
  EMU_TRY(check_groups(account, groups, subnet.vpc_id));
  const SecurityGroup* own = default_group(account, subnet.vpc_id);
  if (groups.empty() && own) groups.push_back(own->id);
  return groups;
}

/// Whether the subnet, and the pool of public addresses, can give what the launch asks for by name.
Answer<bool> check_addresses(const Account& account, const LaunchOrder& order, const Subnet& subnet) {
  const std::string& wanted = order.data.private_ip;
  if (!wanted.empty() && order.most > 1)
    return refusal("InvalidParameterCombination",
                   "A private IP address can be specified for the launch of one instance only");
  if (!wanted.empty()) {
    if (account.instance_by_ip.contains(wanted))
      return refusal("InvalidIPAddress.InUse", fmt::format("Address {} is in use.", wanted));
    if (Subnet copy = subnet; !take_address(copy, wanted))
      return refusal("InvalidParameterValue",
                     fmt::format("Address {} does not fall within the subnet's address range", wanted));
  }
  if (order.data.public_ip.value_or(subnet.map_public) && unused_public_address(account).empty())
    return refusal("InsufficientAddressCapacity", "Not enough public addresses are available");
  return true;
}

Instance instance_of(Account& account, const LaunchOrder& order, const Subnet& subnet) {
  Instance instance;
  instance.id = InstanceId{account.make_id("i-")};
  instance.launched = instance.changed = instance.tagged = account.now();
  instance.launch = order.data;
  instance.launch.subnet_id = subnet.id;
  instance.protected_from_termination = order.data.protected_from_termination.value_or(false);
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

/// How many of those asked for there will be, and why not more.
struct Allowance {
  int64_t count = 0;
  std::optional<ApiError> shortage;
};
/// Errors: the shortage, where it leaves fewer than the least.
Answer<Allowance> allowance_for(Account& account, const LaunchOrder& order, const Subnet& subnet,
                                const LaunchTrouble& trouble) {
  Allowance out{order.most, {}};
  auto limit = [&](int64_t to, auto&& error) {
    if (to >= out.count) return;
    out.count = to;
    out.shortage = error();
  };
  limit(trouble.capacity, [&] { return trouble.shortage; });
  limit(free_addresses(subnet), [&] {
    return ApiError{"InsufficientFreeAddressesInSubnet",
                    fmt::format("There are not enough free addresses in subnet '{}' to satisfy the requested "
                                "number of instances.",
                                subnet.id)};
  });
  const int64_t tokens = resources_left(account, order.operation);
  limit(tokens, [&] { return throttled(account, order.operation, "resource"); });
  // A fleet takes what there is; RunInstances is charged for all that it may launch, or refused.
  const bool whole = order.operation == "RunInstances" && tokens < order.most;
  if (out.shortage && (whole || out.count < order.least || out.count == 0))
    return tl::unexpected(whole ? throttled(account, order.operation, "resource") : *out.shortage);
  return out;
}

}  // namespace

Answer<const Subnet*> subnet_of(const Account& account, const LaunchData& data) {
  if (!data.subnet_id.empty()) return find_in(account.subnets, data.subnet_id, kSubnet);
  for (const auto& [id, subnet] : account.subnets)
    if (data.zone.empty() || subnet.zone == data.zone) return &subnet;
  return refusal("MissingInput", "No subnets found for the default VPC. Please specify a subnet.");
}

Answer<Launched> launch(Account& account, const LaunchOrder& order) {
  LaunchOrder placed = order;
  placed.data.given.clear();  // templates are asked for it, instances are not
  if (placed.data.type.empty()) placed.data.type = "m1.small";  // RunInstances' documented default
  EMU_TRY(check_launch(account, placed.data));
  Subnet& subnet = account.subnets.find(EMU_TRY(subnet_of(account, placed.data))->id)->second;
  placed.data.security_groups = EMU_TRY(groups_for(account, placed.data, subnet));
  EMU_TRY(check_addresses(account, placed, subnet));
  const std::string purchase = placed.data.market == "spot" ? "spot" : "on-demand";
  LaunchSite site{order.operation, placed.data.type, subnet.id,  subnet.zone,
                  purchase,        placed.least,     placed.most};
  LaunchTrouble trouble = EMU_TRY(launch_trouble(account, site));
  Allowance allowed = EMU_TRY(allowance_for(account, placed, subnet, trouble));
  take_resources(account, order.operation, allowed.count);
  Launched launched{account.make_id("r-"), {}, std::move(allowed.shortage)};
  for (int64_t i = 0; i < allowed.count; ++i) {
    Instance instance = instance_of(account, placed, subnet);
    instance.reservation_id = launched.reservation_id;
    instance.launch_index = i;
    instance.never_boots = trouble.never_boots;
    instance.dies_pending = trouble.dies_pending;
    const std::string &wanted = placed.data.private_ip, id = instance.id.value;
    instance.private_ip = !wanted.empty() && take_address(subnet, wanted) ? wanted : take_address(subnet);
    equip(account, instance);
    Instance& kept = account.instances.emplace(id, std::move(instance)).first->second;
    schedule(account, kept, account.now() + account.settings.boot_delay);
    launched.instances.push_back(id);
  }
  return launched;
}

}  // namespace spillway::emu
