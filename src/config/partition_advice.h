#pragma once
#include <vector>

#include "config/instance_shape.h"
#include "config/partitions.h"

namespace spillway::config {

/// What Slurm and EC2 accept and the author will regret: nodes that can never register because RealMemory is
/// more than the instance type has, default memory that fits no node, $Latest, a second Name tag.
std::vector<Warning> advice_on(const Partitions& partitions, const ShapeOf& shape_of);

/// What a group's SlurmSpecifications left out and its instance types say.
struct Derived {
  GroupName group;
  std::string key;    // CPUs or RealMemory
  int64_t value = 0;  // the least of the group's types
};
/// Gives each group CPUs and RealMemory where its SlurmSpecifications lack them; boards, sockets and cores
/// count as CPUs. A group with a type that `shape_of` does not know, or with none, stays as it is.
std::vector<Derived> derive_specifications(Partitions& partitions, const ShapeOf& shape_of);
/// The groups that Slurm would take for nodes of one CPU or 1 MiB, because nobody says what they have.
std::vector<GroupName> without_specifications(const Partitions& partitions);

}  // namespace spillway::config
