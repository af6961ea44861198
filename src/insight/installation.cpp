#include "insight/installation.h"

#include "base/file.h"
#include "base/text.h"
#include "fleet/names.h"

namespace spillway::insight {

ClusterId Installation::cluster() const {
  if (!loaded.site.cluster.id.empty()) return ClusterId{loaded.site.cluster.id};
  return ClusterId{std::string(trim(read_file(loaded.places.cluster_id, 100).value_or("")))};
}

Result<fleet::Records> Installation::records() const {
  std::error_code failed;
  if (!std::filesystem::exists(loaded.places.state, failed) && !failed)
    return fleet::Records{};  // nothing has been launched yet
  return TRY(fleet::Journal::open_for_reading(loaded.places.state)).load();
}

Result<std::vector<dns::Binding>> Installation::bindings() const {
  std::vector<dns::Binding> names;
  for (const auto& [instance, machine] : TRY(records()).machines)
    if (machine.registered_at != Time{} && machine.unregistered_at == Time{})
      names.push_back(fleet::binding_of(machine));
  return names;
}

std::vector<NodeName> Installation::node_names() const {
  fleet::Policy policy;
  for (const auto& partition : loaded.site.partitions.partitions)
    for (const config::NodeGroup& group : partition.groups) policy.groups.emplace(group.group(), group);
  return fleet::known_names(records().value_or(fleet::Records{}), policy);
}

}  // namespace spillway::insight
