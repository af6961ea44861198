#pragma once
#include <fmt/format.h>

#include <compare>
#include <functional>
#include <string>
#include <string_view>

namespace spillway {

/// A name of one kind of thing: a NodeName does not pass for an InstanceId.
template <class Tag>
struct Id {
  std::string value;

  Id() = default;
  explicit Id(std::string text) : value(std::move(text)) {}
  bool empty() const { return value.empty(); }
  auto operator<=>(const Id&) const = default;
};

using NodeName = Id<struct NodeNameTag>;      // as Slurm writes it: cloud-c5-0
using InstanceId = Id<struct InstanceIdTag>;  // i-0123456789abcdef0
using IntentId = Id<struct IntentIdTag>;      // one wish to launch, ours
using ClusterId = Id<struct ClusterIdTag>;    // the cluster's uuid
using GroupName = Id<struct GroupNameTag>;    // <partition>-<group>
using IpAddress = Id<struct IpAddressTag>;    // numeric text

/// A random version 4 uuid, from the kernel.
std::string make_uuid();

}  // namespace spillway

template <class Tag>
struct std::hash<spillway::Id<Tag>> {
  size_t operator()(const spillway::Id<Tag>& id) const { return std::hash<std::string>{}(id.value); }
};
template <class Tag>
struct fmt::formatter<spillway::Id<Tag>> : fmt::formatter<std::string_view> {
  auto format(const spillway::Id<Tag>& id, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format(id.value, context);
  }
};
