#include "emu/ec2.h"
#include "emu/iam.h"

// Which resources an EC2 call is about, as IAM sees them. Source: Service Authorization Reference, "Actions,
// resources, and condition keys for Amazon EC2". Describe* know no resource but "*".
namespace spillway::emu {
namespace {

using Context = std::vector<std::pair<std::string, std::string>>;

struct Asker {
  const Account& account;
  const Call& call;

  std::string arn(std::string_view service, std::string_view resource) const {
    return fmt::format("arn:aws:{}:{}:{}:{}", service, service == "iam" ? "" : account.settings.region,
                       account.settings.account, resource);
  }

  Answer<bool> demand(const std::string& action, const std::string& resource, Context context = {}) const {
    if (allowed(account, call.who, {action, resource, std::move(context)})) return true;
    return refusal(
        "UnauthorizedOperation",
        fmt::format("You are not authorized to perform this operation. User: {} is not authorized to "
                    "perform: {} on resource: {} because no identity-based policy allows the {} action",
                    call.who.arn, action, resource, action),
        403);
  }

  /// `resource` is known by its tags: both spellings of the condition key that EC2 takes.
  Answer<bool> demand_on(const std::string& action, const std::string& resource, const Tags& tags) const {
    Context context;
    for (const auto& [key, value] : tags)
      for (const char* prefix : {"aws:ResourceTag/", "ec2:ResourceTag/"})
        context.emplace_back(prefix + key, value);
    return demand(action, arn("ec2", resource), std::move(context));
  }

  /// Tags in the creating call are a CreateTags of their own, told apart by ec2:CreateAction.
  Answer<bool> demand_tags(const std::map<std::string, Tags>& tags) const {
    for (const auto& [type, given] : tags) {
      if (given.empty()) continue;
      Context context{{"ec2:CreateAction", call.operation}};
      for (const auto& [key, value] : given) context.emplace_back("aws:RequestTag/" + key, value);
      EMU_TRY(demand("ec2:CreateTags", arn("ec2", type + "/*"), std::move(context)));
    }
    return true;
  }

  /// Whoever gives instances a role must be allowed to pass it.
  Answer<bool> demand_role(const std::string& profile) const {
    auto found = account.profiles.find(profile);
    if (found == account.profiles.end()) return true;
    return demand("iam:PassRole", arn("iam", "role/" + found->second.role),
                  {{"iam:PassedToService", "ec2.amazonaws.com"}});
  }

  Answer<bool> launches() const {
    auto tags = read_tag_specifications(call.params, "TagSpecification");
    if (!tags) return true;  // the operation itself tells what is wrong with them
    Context context;
    for (const auto& [key, value] : (*tags)["instance"]) context.emplace_back("aws:RequestTag/" + key, value);
    if (call.operation == "CreateFleet") EMU_TRY(demand("ec2:CreateFleet", arn("ec2", "fleet/*")));
    EMU_TRY(demand("ec2:RunInstances", arn("ec2", "instance/*"), std::move(context)));
    EMU_TRY(demand_tags(*tags));
    std::vector<Params> specifications{call.params.under("LaunchTemplate")};
    for (const Params& config : call.params.structures("LaunchTemplateConfigs"))
      specifications.push_back(config.under("LaunchTemplateSpecification"));
    for (const Params& specification : specifications)
      if (auto resolved = resolve_template(account, specification); !specification.empty() && resolved)
        EMU_TRY(demand_role(resolved->version->data.profile));
    auto own = read_launch_data(call.params);
    return own ? demand_role(own->profile) : true;
  }

  template <class Map>
  const Tags* in(const Map& map, const std::string& id) const {
    auto found = map.find(id);
    return found == map.end() ? nullptr : &found->second.tags;
  }

  /// What is not there is not the policy's affair: the operation tells so.
  Answer<bool> named(const std::string& id) const {
    struct Kind {
      std::string_view prefix, type;
      const Tags* tags;
    };
    for (const Kind& kind :
         {Kind{"i-", "instance", in(account.instances, id)},
          Kind{"lt-", "launch-template", in(account.templates, id)},
          Kind{"subnet-", "subnet", in(account.subnets, id)}, Kind{"vpc-", "vpc", in(account.vpcs, id)},
          Kind{"sg-", "security-group", in(account.security_groups, id)},
          Kind{"ami-", "image", in(account.images, id)}, Kind{"fleet-", "fleet", in(account.fleets, id)}})
      if (id.starts_with(kind.prefix))
        return demand_on("ec2:" + call.operation, fmt::format("{}/{}", kind.type, id),
                         kind.tags ? *kind.tags : Tags{});
    return demand("ec2:" + call.operation, "*");
  }
};

}  // namespace

Answer<bool> authorize_ec2(const Account& account, const Call& call) {
  const Asker asker{account, call};
  const std::string& operation = call.operation;
  if (operation == "RunInstances" || operation == "CreateFleet") return asker.launches();
  if (operation == "CreateLaunchTemplate") {
    EMU_TRY(asker.demand("ec2:" + operation, asker.arn("ec2", "launch-template/*")));
    auto tags = read_tag_specifications(call.params, "TagSpecification");
    return tags ? asker.demand_tags(*tags) : true;
  }
  std::vector<std::string> ids;
  if (!operation.starts_with("Describe"))
    for (const char* name : {"InstanceId", "ResourceId"})
      for (std::string& id : call.params.list(name)) ids.push_back(std::move(id));
  if (operation.find("LaunchTemplate") != std::string::npos && !operation.starts_with("Describe"))
    if (auto resolved = resolve_template(account, call.params)) ids.push_back(resolved->launch_template->id);
  if (ids.empty()) return asker.demand("ec2:" + operation, "*");
  for (const std::string& id : ids) EMU_TRY(asker.named(id));
  return true;
}

}  // namespace spillway::emu
