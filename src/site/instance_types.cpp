#include "site/instance_types.h"

#include <fmt/ranges.h>

namespace spillway::site {
namespace {

constexpr Code kNoType{
    "SPW-SITE-020", "EC2 has no such instance type in this region",
    "aws ec2 describe-instance-type-offerings lists them; correct LaunchTemplateOverrides, or "
    "site.gateway_type"};
constexpr Code kWrongArchitecture{
    "SPW-SITE-028", "EC2 refuses to launch such an image on such a type",
    "name types of the image's architecture, or an image of theirs as site.image"};
constexpr size_t kTypesACall = 100;  // EC2's limit

Error unknown(const std::string& what, const aws::Client& client) {
  return Error{Kind::not_found, kNoType,
               fmt::format("{} has no instance type {}", client.settings().region, what)};
}

/// The types of all groups, by region.
std::map<std::string, std::set<std::string>> types_by_region(const config::Partitions& partitions) {
  std::map<std::string, std::set<std::string>> out;
  for (const config::Partition& partition : partitions.partitions)
    for (const config::NodeGroup& group : partition.groups)
      for (const std::string& type : group.instance_types()) out[group.region].insert(type);
  return out;
}

}  // namespace

config::ShapeOf Shapes::look_up() const {
  return [known = by_type](std::string_view type) -> std::optional<config::InstanceShape> {
    const auto found = known.find(type);
    if (found == known.end()) return std::nullopt;
    return found->second;
  };
}

Result<Shapes> ask_shapes(aws::Client& client, const std::set<std::string>& types, Deadline deadline) {
  Shapes out;
  Json::Array batch;
  for (auto type = types.begin(); type != types.end();) {
    batch.emplace_back(*type);
    if (++type != types.end() && batch.size() < kTypesACall) continue;
    auto answer =
        client.call_all("ec2", "DescribeInstanceTypes",
                        Json::object({{"InstanceTypes", Json(std::exchange(batch, {}))}}), deadline);
    // EC2 names those that it does not know at the end of its message: "… do not exist: [c9.large]".
    if (!answer && answer.error().peer_code == "InvalidInstanceType") {
      const std::string& told = answer.error().what;
      const size_t open = told.rfind('['), close = told.rfind(']');
      return unknown(
          open < close && close != std::string::npos ? told.substr(open + 1, close - open - 1) : told,
          client);
    }
    const Json list = TRY(std::move(answer))["InstanceTypes"];
    for (const Json& each : list.items()) {
      const std::string& type = each["InstanceType"].as_string();
      out.by_type[type] = {each["VCpuInfo"]["DefaultVCpus"].as_int(),
                           each["MemoryInfo"]["SizeInMiB"].as_int()};
      for (const Json& name : each["ProcessorInfo"]["SupportedArchitectures"].items())
        out.architectures[type].insert(name.as_string());
    }
  }
  for (const std::string& type : types)
    if (!out.by_type.contains(type)) return unknown(type, client);
  return out;
}

/// EC2 judges the memory and CPUs that the groups say, and says those that they do not.
Result<Shapes> take_shapes(const Invocation& asked, Gathered& out) {
  config::Site& site = out.loaded.site;
  const Inputs& in = out.inputs;
  Shapes all;
  std::map<std::string, std::set<std::string>> types = types_by_region(site.partitions);
  if (!in.vpn.onprem_cidrs.empty()) types[in.region].insert(in.own.gateway_type);
  for (const auto& [region, names] : types) {
    std::unique_ptr<aws::Stack> elsewhere;
    if (region != in.region) elsewhere = TRY(admin_stack(asked, site, region));
    const Shapes there = TRY(ask_shapes((elsewhere ? elsewhere : out.aws)->client(), names,
                                        Deadline::after(std::chrono::seconds{60})));
    all.by_type.insert(there.by_type.begin(), there.by_type.end());
    all.architectures.insert(there.architectures.begin(), there.architectures.end());
  }
  site.partitions = TRY(config::parse_partitions(site.partitions.source, site.partitions.name,
                                                 config::LaunchFrom::the_site, all.look_up()));
  out.warnings.insert(out.warnings.end(), site.partitions.warnings.begin(), site.partitions.warnings.end());
  out.derived = config::derive_specifications(site.partitions, all.look_up());
  for (const GroupName& group : config::without_specifications(site.partitions))
    out.warnings.push_back(
        fmt::format("{}: Slurm takes its nodes for ones of one CPU and 1 MiB; name InstanceType in "
                    "LaunchTemplateOverrides, or CPUs and RealMemory in SlurmSpecifications",
                    group));
  return all;
}

Result<void> check_architecture(const config::Partitions& partitions, const Shapes& shapes,
                                const ImageFacts& image) {
  for (const config::Partition& partition : partitions.partitions)
    for (const config::NodeGroup& group : partition.groups)
      for (const std::string& type : group.instance_types()) {
        const auto known = shapes.architectures.find(type);
        if (!group.launches_from_site() || known == shapes.architectures.end() ||
            known->second.contains(image.architecture))
          continue;
        return Error{Kind::invalid, kWrongArchitecture,
                     fmt::format("{} of group {} is {}, the image {} is {}", type, group.group(),
                                 fmt::join(known->second, ", "), image.id, image.architecture)};
      }
  return {};
}

std::string derived_text(const std::vector<config::Derived>& derived) {
  std::string out;
  for (size_t i = 0; i < derived.size(); ++i) {
    if (i == 0 || derived[i].group != derived[i - 1].group)
      out += fmt::format("{}   {:<26}", i == 0 ? " nodes, as EC2 describes their types\n" : "\n",
                         derived[i].group.value);
    out += fmt::format(" {}={}", derived[i].key, derived[i].value);
  }
  return out.empty() ? out : out + "\n";
}

}  // namespace spillway::site
