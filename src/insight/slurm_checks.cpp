#include "insight/installation.h"
#include "insight/judge_nodes.h"
#include "site/instance_types.h"

namespace spillway::insight {
namespace {

std::vector<Finding> check_power_saving(const Shared& here, Deadline deadline) {
  const auto running = here->slurm->configuration(deadline);
  if (!running) return {finding_of(running.error())};
  return judge_power_saving(*running);
}

std::vector<Finding> check_versions(const Shared& here, Deadline deadline) {
  const auto version = here->slurm->version(deadline);
  if (!version) return {finding_of(version.error())};
  const auto nodes = here->slurm->nodes({}, deadline);
  if (!nodes) return {finding_of(nodes.error())};
  return judge_versions(*version, *nodes);
}

/// What EC2 says of the types in the installation's own region; of others, and without credentials, the
/// shipped table.
config::ShapeOf shapes_of(const Installation& here, Deadline deadline) {
  std::set<std::string> types;
  for (const config::Partition& partition : here.loaded.site.partitions.partitions)
    for (const config::NodeGroup& group : partition.groups)
      if (group.region == here.loaded.site.aws.region)
        for (const std::string& type : group.instance_types()) types.insert(type);
  if (!here.aws || types.empty()) return config::shape_of;
  const auto shapes = site::ask_shapes(here.aws->client(), types, deadline);
  if (!shapes) return config::shape_of;
  return [known = shapes->look_up()](std::string_view type) {
    const auto found = known(type);
    return found ? found : config::shape_of(type);
  };
}

std::vector<Finding> check_groups(const Shared& here, Deadline deadline) {
  const auto nodes = here->slurm->nodes({}, deadline);
  if (!nodes) return {finding_of(nodes.error())};
  const config::Partitions& partitions = here->loaded.site.partitions;
  std::vector<Finding> out = judge_groups(partitions, shapes_of(*here, deadline), *nodes);
  for (Finding& each : judge_premises(partitions, *nodes)) out.push_back(std::move(each));
  return out;
}

Result<std::vector<Finding>> look_at_addresses(const Installation& here,
                                               std::vector<slurm::AddressUpdate>& stale, Deadline deadline) {
  std::vector<fleet::MachineRecord> machines;
  for (const auto& [id, machine] : TRY(here.records()).machines) machines.push_back(machine);
  return judge_addresses(machines, TRY(here.slurm->nodes({}, deadline)), stale);
}

std::vector<Finding> check_addresses(const Shared& here, Deadline deadline) {
  std::vector<slurm::AddressUpdate> stale;
  auto found = look_at_addresses(*here, stale, deadline);
  return found ? *std::move(found) : std::vector{finding_of(found.error())};
}

Result<void> tell_addresses(const Shared& here, Deadline deadline) {
  std::vector<slurm::AddressUpdate> stale;
  TRY(look_at_addresses(*here, stale, deadline));
  if (stale.empty()) return {};
  return here->slurm->set_addresses(stale, deadline);
}

}  // namespace

std::vector<Check> slurm_checks(const Shared& here) {
  std::vector<Check> out{check(here, "slurm", "power saving", check_power_saving),
                         check(here, "slurm", "versions", check_versions),
                         check(here, "slurm", "nodes", check_groups),
                         check(here, "slurm", "addresses", check_addresses)};
  out[3].mend = [here](Deadline deadline) { return tell_addresses(here, deadline); };
  out[3].remedy = "tells Slurm the addresses again";
  return out;
}

}  // namespace spillway::insight
