#pragma once
#include <string>
#include <vector>

#include "base/health.h"
#include "config/instance_shape.h"
#include "config/partitions.h"
#include "fleet/records.h"
#include "slurm/controller.h"

// From what Slurm says of its nodes to what it means; all of it pure.
namespace spillway::insight {

/// slurmds may not be newer than slurmctld, nor more than two releases older. Source: Slurm's upgrade guide.
std::vector<Finding> judge_versions(slurm::Version controller, const std::vector<slurm::Node>& nodes);

/// Slurm must know every node of the groups, and believe of none more than its instance types have.
std::vector<Finding> judge_groups(const config::Partitions& partitions, const config::ShapeOf& shape_of,
                                  const std::vector<slurm::Node>& nodes);

/// Machines whose address Slurm was told and does not have; `stale` gets what to tell it again.
std::vector<Finding> judge_addresses(const std::vector<fleet::MachineRecord>& machines,
                                     const std::vector<slurm::Node>& nodes,
                                     std::vector<slurm::AddressUpdate>& stale);

/// No node of the premises may be powered down.
std::vector<Finding> judge_premises(const config::Partitions& partitions,
                                    const std::vector<slurm::Node>& nodes);

/// What a cloud node said: lines "time SECONDS", "forward NAME ADDRESS", "backward ADDRESS NAME…".
struct NodeView {
  double clock_s = 0;
  std::vector<std::pair<std::string, std::string>> forward,
      backward;  // what was asked, first word of the answer
};
NodeView read_node_view(std::string_view text);
/// A name as it should be.
struct ExpectedName {
  std::string name, address;
  bool way_back = false;  // its PTR is ours too
};
std::vector<Finding> judge_node_names(const NodeName& node, const NodeView& view,
                                      const std::vector<ExpectedName>& expected);

}  // namespace spillway::insight
