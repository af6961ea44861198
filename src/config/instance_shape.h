#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace spillway::config {

struct InstanceShape {
  int64_t vcpus = 0;
  int64_t memory_mib = 0;
  bool operator==(const InstanceShape&) const = default;
};

/// Who knows shapes: the table below, or what EC2 was asked. Nothing for a type that he does not know.
using ShapeOf = std::function<std::optional<InstanceShape>(std::string_view instance_type)>;

/// A RealMemory that a node of this shape surely registers with. Firmware and kernel keep some of what EC2
/// counts: about 6 % of 4 and 8 GiB and under 2 % of hundreds, so one twentieth and 256 MiB are left out; a
/// node that has less than slurm.conf says is drained.
int64_t safe_real_memory(const InstanceShape& shape);
/// The most that a node of this shape may ever be seen to have.
int64_t most_real_memory(const InstanceShape& shape);

/// What an EC2 instance type offers, for the families whose sizes are regular (c5 to c8, m5 to m8, r5 to r8,
/// t3); nothing for the others, which only DescribeInstanceTypes knows. Good for a warning without asking
/// AWS. Source: Amazon EC2 Instance Types, specifications of 2025.
std::optional<InstanceShape> shape_of(std::string_view instance_type);

}  // namespace spillway::config
