#include "emu/ec2_ask.h"
#include "emu/iam.h"

// What a launch asks of the policies: the action on each thing that the launch uses or makes, under the
// conditions that EC2 knows of it. CreateFleet asks for itself and for RunInstances.
namespace spillway::emu {
namespace {

using Context = Asker::Context;

std::string arn_of_profile(const Account& account, const std::string& name) {
  const auto found = account.profiles.find(name);
  return found == account.profiles.end() ? "" : profile_arn(account, found->second);
}

/// One kind of machine that a request may bring about.
struct Plan {
  LaunchData data;  // of the template, and the request's own above it
  LaunchData own;   // the request's own alone
  const LaunchTemplate* launch_template = nullptr;
};

struct LaunchAsker {
  const Asker& asker;
  const Plan& plan;
  std::vector<std::string> actions;

  /// Adds where a thing comes from. `named`: the request names it itself, over the template's head.
  void add_template(Context& context, bool named) const {
    if (!plan.launch_template) return;
    context.emplace_back("ec2:LaunchTemplate", asker.arn("launch-template", plan.launch_template->id));
    context.emplace_back("ec2:IsLaunchTemplateResource", named ? "false" : "true");
  }

  Answer<bool> made(const std::string& type, Context context, bool named) const {
    if (auto tags = plan.data.tags.find(type); tags != plan.data.tags.end())
      append(context, request_tags(tags->second));
    add_template(context, named);
    for (const std::string& action : actions) EMU_TRY(asker.demand(action, asker.arn(type, "*"), context));
    return true;
  }

  Answer<bool> used(const std::string& id, Context context, bool named) const {
    add_template(context, named);
    for (const std::string& action : actions) EMU_TRY(asker.demand_on(action, id, context));
    return true;
  }

  Answer<bool> image() const {
    const std::string& id = plan.data.image_id;
    if (id.empty()) return true;
    Context context{{"ec2:ImageType", "machine"}, {"ec2:RootDeviceType", "ebs"}};
    if (auto found = asker.account.images.find(id); found != asker.account.images.end()) {
      const Image& image = found->second;
      const std::string& owner = image.owner.empty() ? asker.account.settings.account : image.owner;
      context.emplace_back("ec2:Owner", image.owner_alias.empty() ? owner : image.owner_alias);
      context.emplace_back("ec2:Public", image.owner.empty() ? "false" : "true");
    }
    return used(id, std::move(context), !plan.own.image_id.empty());
  }

  Answer<bool> instance(const std::string& zone) const {
    const LaunchData& data = plan.data;
    Context context{{"ec2:InstanceType", data.type.empty() ? "m1.small" : data.type},
                    {"ec2:InstanceMarketType", data.market.empty() ? "on-demand" : data.market},
                    {"ec2:RootDeviceType", "ebs"},
                    {"ec2:Tenancy", "default"}};
    auto say = [&](const char* key, const std::string& value) {
      if (!value.empty()) context.emplace_back(key, value);
    };
    say("ec2:AvailabilityZone", zone);
    say("ec2:MetadataHttpTokens", data.http_tokens);
    say("ec2:MetadataHttpEndpoint", data.http_endpoint);
    say("ec2:MetadataHttpPutResponseHopLimit", data.hop_limit ? std::to_string(*data.hop_limit) : "");
    say("ec2:InstanceProfile", data.profile.empty() ? "" : arn_of_profile(asker.account, data.profile));
    return made("instance", std::move(context), false);
  }

  /// Subnet, interface and groups.
  Answer<bool> network(const Subnet& subnet) const {
    const Context zone{{"ec2:AvailabilityZone", subnet.zone}};
    EMU_TRY(used(subnet.id, zone, !plan.own.subnet_id.empty()));
    Context context = zone;
    context.emplace_back("ec2:Subnet", asker.arn("subnet", subnet.id));
    context.emplace_back("ec2:Vpc", asker.vpc_arn(subnet.vpc_id));
    if (plan.data.public_ip)
      context.emplace_back("ec2:AssociatePublicIpAddress", *plan.data.public_ip ? "true" : "false");
    EMU_TRY(made("network-interface", std::move(context), plan.own.interfaces > 0));
    for (const std::string& group : plan.data.security_groups)
      EMU_TRY(used(group, {}, !plan.own.security_groups.empty()));
    const SecurityGroup* own = default_group(asker.account, subnet.vpc_id);
    return plan.data.security_groups.empty() && own ? used(own->id, {}, false) : true;
  }

  Answer<bool> volumes(const std::string& zone) const {
    std::vector<BlockDevice> devices = plan.data.block_devices;
    if (devices.empty()) devices.emplace_back();
    for (const BlockDevice& device : devices) {
      Context context{{"ec2:Encrypted", device.encrypted.value_or(false) ? "true" : "false"},
                      {"ec2:VolumeType", device.type.empty() ? "gp3" : device.type},
                      {"ec2:VolumeSize", std::to_string(device.gib.value_or(8))},
                      {"ec2:AvailabilityZone", zone}};
      EMU_TRY(made("volume", std::move(context), !plan.own.block_devices.empty()));
    }
    return true;
  }

  Answer<bool> all() const {
    auto subnet = subnet_of(asker.account, plan.data);  // what is wrong with it the launch tells
    const std::string zone = subnet ? (*subnet)->zone : "";
    if (plan.launch_template) EMU_TRY(used(plan.launch_template->id, {}, false));
    EMU_TRY(image());
    EMU_TRY(instance(zone));
    if (subnet) EMU_TRY(network(**subnet));
    EMU_TRY(volumes(zone));
    Context named;
    add_template(named, !plan.own.key_name.empty());
    if (!plan.data.key_name.empty())
      for (const std::string& action : actions)
        EMU_TRY(asker.demand(action, asker.arn("key-pair", plan.data.key_name), named));
    if (!plan.data.placement_group.empty())
      for (const std::string& action : actions)
        EMU_TRY(asker.demand(action, asker.arn("placement-group", plan.data.placement_group), named));
    return asker.demand_role(plan.data.profile);
  }
};

std::vector<Plan> plans_of(const Account& account, const Call& call) {
  std::vector<Plan> plans;
  if (call.operation == "RunInstances") {
    Plan plan;
    if (auto own = read_launch_data(call.params)) plan.own = *own;
    plan.data = plan.own;
    const Params specification = call.params.under("LaunchTemplate");
    if (auto resolved = resolve_template(account, specification); !specification.empty() && resolved) {
      plan.launch_template = resolved->launch_template;
      plan.data = merged(resolved->version->data, plan.own);
    }
    return {plan};
  }
  auto tags = read_tag_specifications(call.params, "TagSpecification");
  for (const Params& config : call.params.structures("LaunchTemplateConfigs")) {
    auto resolved = resolve_template(account, config.under("LaunchTemplateSpecification"));
    if (!resolved) continue;
    std::vector<Params> overrides = config.structures("Overrides");
    if (overrides.empty()) overrides.emplace_back();
    for (const Params& over : overrides) {
      Plan plan;
      plan.own = fleet_override(over);
      if (tags) plan.own.tags = *tags;
      plan.own.tags.erase("fleet");
      plan.launch_template = resolved->launch_template;
      plan.data = merged(resolved->version->data, plan.own);
      plans.push_back(std::move(plan));
    }
  }
  return plans;
}

}  // namespace

Answer<bool> Asker::demand_role(const std::string& profile) const {
  auto found = account.profiles.find(profile);
  if (found == account.profiles.end()) return true;
  const auto role = account.roles.find(found->second.role);
  if (role == account.roles.end()) return true;
  return demand("iam:PassRole", principal_arn(account, role->second),
                {{"iam:PassedToService", "ec2.amazonaws.com"}});
}

Answer<bool> Asker::demand_launches() const {
  std::vector<std::string> actions{"ec2:RunInstances"};
  auto tags = read_tag_specifications(call.params, "TagSpecification");
  if (call.operation == "CreateFleet") {
    const Tags of_fleet = tags ? (*tags)["fleet"] : Tags{};
    EMU_TRY(demand("ec2:CreateFleet", arn("fleet", "*"), request_tags(of_fleet)));
    EMU_TRY(demand_tags({{"fleet", of_fleet}}));
    actions.emplace_back("ec2:CreateFleet");
  }
  for (const Plan& plan : plans_of(account, call)) {
    EMU_TRY((LaunchAsker{*this, plan, actions}.all()));
    EMU_TRY(demand_tags(plan.data.tags));
  }
  return true;
}

}  // namespace spillway::emu
