#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "config/instance_shape.h"

namespace spillway::config {

/// `key=value` as it goes into slurm.conf, in the file's order.
using KeyValues = std::vector<std::pair<std::string, std::string>>;

/// Where nodes come from: a way of buying, types, subnets.
struct NodeSource {
  std::string purchasing;  // "spot" or "on-demand"
  Json on_demand_options, spot_options, overrides;
  std::vector<std::string> subnets;
};

/// One node group of plugin v2's partitions.json; what EC2 gets is kept as it was written.
struct NodeGroup {
  std::string partition, name;
  int max_nodes = 0;
  std::string region, profile;
  KeyValues specifications;  // copied to the NodeName line, in order
  NodeSource source;
  std::optional<NodeSource> fallback;  // when the source has nothing to give
  Json launch_template, tags;
  bool one_zone = false;                // a job's nodes come from one zone (EnableMPISupport)
  std::string placement_group;          // EC2's, which implies one zone; empty: none
  bool starts_from_1 = false;           // NodeNameStartsFrom1
  bool starts_with_group_name = false;  // NodeNameStartsWithNodeGroupName

  /// <partition>-<group>, by which instances are tagged and found.
  GroupName group() const { return GroupName{partition + "-" + name}; }
  std::string prefix() const { return (starts_with_group_name ? name : partition + "-" + name) + "-"; }
  /// The i-th node, i from 0.
  NodeName node(int i) const { return NodeName{prefix() + std::to_string(i + (starts_from_1 ? 1 : 0))}; }
  /// The way back: which node of this group has this name, if any; the one spelling without padding counts.
  std::optional<int> index_of(const NodeName& node) const;
  /// All of them as one hostlist: p-g-[0-9], or p-g-0 for one.
  std::string range() const;
  /// Launched from what `spillway apply` made, as far as it names nothing itself.
  bool launches_from_site() const { return !launch_template.is_object(); }
  /// A number of SlurmSpecifications by its key in any case; nothing when absent or no number.
  std::optional<int64_t> specification(std::string_view key) const;
  /// The instance types that the overrides of both sources name, in order.
  std::vector<std::string> instance_types() const;
};

struct Partition {
  std::string name;
  std::vector<NodeGroup> groups;
  KeyValues options;  // appended to the PartitionName line, in order
};

struct Partitions {
  std::vector<Partition> partitions;
  Json source;                        // the document as it was read
  std::string name;                   // as messages call it, such as its file
  std::vector<std::string> warnings;  // what is accepted though it looks wrong, with its place and remedy

  struct Place {
    const NodeGroup* group;
    int index;  // group->node(index) is the name
  };
  /// The way back from a name; nothing when no group has such a node.
  std::optional<Place> find(const NodeName& name) const;
};

/// Something that works, but not as its author hopes.
struct Warning {
  std::string where;  // "Partitions[0].NodeGroups[1].Tgas"
  std::string what, fix;
};
std::string to_string(const Warning& warning);

/// Whether a group may leave out its launch template and subnets, because `spillway apply` makes them.
enum class LaunchFrom { the_group, the_site };

/// Reads partitions.json, or the same structure from elsewhere (`name` stands in messages). Unknown keys are
/// warnings with the nearest known one; so is what Slurm accepts and the site will regret. Errors: invalid
/// (SPW-CONFIG-003), listing everything that is wrong. Source: AWS Plugin for Slurm v2, as the sites that run
/// it have it. `shapes` judge the memory and CPUs that are given.
Result<Partitions> parse_partitions(const Json& document, std::string_view name,
                                    LaunchFrom from = LaunchFrom::the_group,
                                    const ShapeOf& shapes = shape_of);

}  // namespace spillway::config
