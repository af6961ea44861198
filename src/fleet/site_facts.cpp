#include "fleet/site_facts.h"

#include "base/file.h"

namespace spillway::fleet {
namespace {

constexpr Code kNotApplied{"SPW-FLEET-011",
                           "node groups without a launch template use the one that apply makes",
                           "run: sudo spillway apply, then restart spillwayd"};

}  // namespace

Result<void> fill_from_site(const std::filesystem::path& file, Policy& policy) {
  const auto text = read_file(file, 1 << 20);
  Json facts;
  if (text) facts = TRY(Json::parse(*text));
  if (text && facts["cluster"].as_string() != policy.cluster.value)
    return Error{Kind::invalid, kNotApplied,
                 fmt::format("{} is of the cluster {}", file.string(), facts["cluster"].as_string())};
  const Json& launch_template = facts["launch_template"];
  for (auto& [name, group] : policy.groups) {
    if (!group.launches_from_site()) continue;
    if (launch_template["id"].as_string().empty())
      return Error{Kind::invalid, kNotApplied,
                   fmt::format("{}: no launch template for {}", file.string(), name)};
    group.launch_template =
        Json::object({{"LaunchTemplateId", launch_template["id"]}, {"Version", launch_template["version"]}});
    if (group.source.subnets.empty())
      for (const Json& subnet : facts["subnets"].items()) group.source.subnets.push_back(subnet.as_string());
    if (group.fallback && group.fallback->subnets.empty()) group.fallback->subnets = group.source.subnets;
  }
  if (policy.compute_role_id.empty()) policy.compute_role_id = facts["compute_role_id"].as_string();
  return {};
}

}  // namespace spillway::fleet
