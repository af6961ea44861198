#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace spillway::config {

struct InstanceShape {
  int64_t vcpus = 0;
  int64_t memory_mib = 0;
};

/// What an EC2 instance type offers, for the families whose sizes are regular (c5 to c8, m5 to m8, r5 to r8,
/// t3); nothing for the others, which only DescribeInstanceTypes knows. Good for a warning without asking
/// AWS. Source: Amazon EC2 Instance Types, specifications of 2025.
std::optional<InstanceShape> shape_of(std::string_view instance_type);

}  // namespace spillway::config
