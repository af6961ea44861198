#include "config/partition_advice.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace spillway::config {
namespace {

std::optional<int64_t> number_in(const KeyValues& values, std::string_view key) {
  for (const auto& [name, value] : values)
    if (equal_ignoring_case(name, key)) return parse_int(value);
  return std::nullopt;
}

std::string_view launch_template_version(const NodeGroup& group) {
  return group.launch_template["Version"].as_string();
}

struct Place {
  std::string group;  // path of the group
  std::string partition;
};

void advise_on_template(const NodeGroup& group, const Place& place, std::vector<Warning>& out) {
  if (group.launches_from_site()) return;  // apply names a version's number
  const std::string_view version = launch_template_version(group);
  const bool moves = version == "$Latest" || version == "$Default";
  if (moves || version.empty())
    out.push_back(
        {place.group + ".LaunchTemplateSpecification.Version",
         version.empty()
             ? "no version is named, so the default one is used, whatever it is at that time"
             : fmt::format("{} changes under a running cluster: nodes of one group differ", version),
         "name the version's number, and change it when a new one has been tested"});
}

void advise_on_memory(const NodeGroup& group, const Partition& partition, const Place& place,
                      const ShapeOf& shape_of, std::vector<Warning>& out) {
  const auto real_memory = group.specification("RealMemory");
  const auto cpus = group.specification("CPUs");
  const auto per_cpu = number_in(partition.options, "DefMemPerCPU");
  std::optional<int64_t> offered = real_memory;
  for (const std::string& type : group.instance_types()) {
    const auto shape = shape_of(type);
    if (!shape) continue;
    const int64_t usable = safe_real_memory(*shape);
    if (real_memory && *real_memory > most_real_memory(*shape))
      out.push_back(
          {place.group + ".SlurmSpecifications.RealMemory",
           fmt::format("{} MiB is more than a {} has ({} MiB): slurmd registers with less, and Slurm sets "
                       "the node to INVALID_REG or drains it",
                       *real_memory, type, shape->memory_mib),
           fmt::format("RealMemory={} at most, or a type with more memory", usable)});
    if (cpus && *cpus > shape->vcpus)
      out.push_back({place.group + ".SlurmSpecifications.CPUs",
                     fmt::format("{} CPUs are more than a {} has ({})", *cpus, type, shape->vcpus),
                     fmt::format("CPUs={}", shape->vcpus)});
    const bool plausible = real_memory && *real_memory <= most_real_memory(*shape);
    offered = std::min(offered.value_or(usable), plausible ? *real_memory : usable);
  }
  if (per_cpu && cpus && offered && *per_cpu * *cpus > *offered)
    out.push_back(
        {place.partition + ".PartitionOptions.DefMemPerCPU",
         fmt::format("{} MiB × {} CPUs is {} MiB, more than a node of {} offers ({} MiB): a job that takes "
                     "all CPUs never starts there",
                     *per_cpu, *cpus, *per_cpu * *cpus, group.group(), *offered),
         fmt::format("DefMemPerCPU={} at most", *offered / *cpus)});
}

void advise_on_launch(const NodeGroup& group, const Place& place, std::vector<Warning>& out) {
  if (group.source.overrides.items().empty())
    out.push_back({place.group + ".LaunchTemplateOverrides", "is empty, so SubnetIds has no effect either",
                   "name at least one: {\"InstanceType\": …}"});
  if (group.source.subnets.empty() && !group.launches_from_site())
    out.push_back({place.group + ".SubnetIds", "is empty, so the launch template's own network is used",
                   "name one subnet for each availability zone"});
  for (const Json& tag : group.tags.items())
    if (tag["Key"].as_string() == "Name")
      out.push_back({place.group + ".Tags", "a Name tag collides with the one that carries the node's name",
                     "remove it: Spillway sets Name itself"});
}

bool says_cpus(const NodeGroup& group) {
  for (const auto& [name, value] : group.specifications)
    for (const char* key : {"CPUs", "Procs", "Boards", "Sockets", "SocketsPerBoard", "CoresPerSocket"})
      if (equal_ignoring_case(name, key)) return true;
  return false;
}

/// The least of what the group's types have; nothing when one of them is unknown, or there is none.
std::optional<InstanceShape> least_of(const NodeGroup& group, const ShapeOf& shape_of) {
  std::optional<InstanceShape> out;
  for (const std::string& type : group.instance_types()) {
    const auto shape = shape_of(type);
    if (!shape) return std::nullopt;
    if (!out) out = shape;
    out->vcpus = std::min(out->vcpus, shape->vcpus);
    out->memory_mib = std::min(out->memory_mib, shape->memory_mib);
  }
  return out;
}

}  // namespace

std::vector<Derived> derive_specifications(Partitions& partitions, const ShapeOf& shape_of) {
  std::vector<Derived> out;
  for (Partition& partition : partitions.partitions)
    for (NodeGroup& group : partition.groups) {
      const auto least = least_of(group, shape_of);
      if (!least) continue;
      const auto derive = [&](const char* key, int64_t value) {
        group.specifications.emplace_back(key, std::to_string(value));
        out.push_back({group.group(), key, value});
      };
      if (!says_cpus(group)) derive("CPUs", least->vcpus);
      if (!group.specification("RealMemory")) derive("RealMemory", safe_real_memory(*least));
    }
  return out;
}

std::vector<GroupName> without_specifications(const Partitions& partitions) {
  std::vector<GroupName> out;
  for (const Partition& partition : partitions.partitions)
    for (const NodeGroup& group : partition.groups)
      if (!says_cpus(group) || !group.specification("RealMemory")) out.push_back(group.group());
  return out;
}

std::vector<Warning> advice_on(const Partitions& partitions, const ShapeOf& shape_of) {
  std::vector<Warning> out;
  for (size_t p = 0; p < partitions.partitions.size(); ++p) {
    const Partition& partition = partitions.partitions[p];
    for (size_t g = 0; g < partition.groups.size(); ++g) {
      const Place place{fmt::format("Partitions[{}].NodeGroups[{}]", p, g), fmt::format("Partitions[{}]", p)};
      const NodeGroup& group = partition.groups[g];
      advise_on_template(group, place, out);
      advise_on_memory(group, partition, place, shape_of, out);
      advise_on_launch(group, place, out);
    }
  }
  return out;
}

}  // namespace spillway::config
