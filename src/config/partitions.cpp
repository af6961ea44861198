#include "config/partitions.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace spillway::config {
namespace {

constexpr Code kWrong{"SPW-CONFIG-003", "the partitions do not say what is needed to launch nodes",
                      "correct the places named above; spillway config validate checks again"};
constexpr int64_t kNodesAtMost = 64'000;

const std::vector<std::string> kPartitionKeys = {"PartitionName", "NodeGroups", "PartitionOptions"};
const std::vector<std::string> kGroupKeys = {
    "NodeGroupName", "MaxNodes", "Region", "ProfileName", "SlurmSpecifications", "PurchasingOption",
    "OnDemandOptions", "SpotOptions", "LaunchTemplateSpecification", "LaunchTemplateOverrides", "SubnetIds",
    "Tags",
    // of forks and open pull requests
    "EnableMPISupport", "PlacementGroupName", "MPIOptions", "EnableIPv6", "UseNodeName",
    "NodeNameStartsFrom1", "NodeNameStartsWithNodeGroupName"};
const std::vector<std::string> kForkKeysWithoutEffect = {"EnableMPISupport", "PlacementGroupName",
                                                         "MPIOptions", "EnableIPv6", "UseNodeName"};

bool is_plain_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

/// A value as slurm.conf would have it.
std::string plain(const Json& value) {
  return value.is_string() ? value.as_string() : value.dump();
}

bool is_true(const Json& value) {
  return value.as_bool() || value.as_int() == 1 || value.as_string() == "1" ||
         equal_ignoring_case(value.as_string(), "true");
}

std::vector<std::pair<std::string, std::string>> pairs(const Json& object) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [key, value] : object.members()) out.emplace_back(key, plain(value));
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view name) : name_(name) {}

  Result<Partitions> parse(const Json& document) {
    if (!document["Partitions"].is_array()) problem("", "there must be an array 'Partitions'");
    warn_unknown(document, "", {"Partitions"});
    for (size_t i = 0; i < document["Partitions"].size(); ++i)
      partition(document["Partitions"].at(i), fmt::format("Partitions[{}]", i));
    if (problems_.empty()) return std::move(out_);
    return Error{Kind::invalid, kWrong, fmt::format("{}", fmt::join(problems_, "\n  "))};
  }

 private:
  void problem(const std::string& place, std::string_view what) {
    problems_.push_back(fmt::format("{}{}{}: {}", name_, place.empty() ? "" : ": ", place, what));
  }
  void warn(const std::string& place, std::string_view what) {
    out_.warnings.push_back(fmt::format("{}: {}: {}", name_, place, what));
  }

  void warn_unknown(const Json& object, const std::string& place, const std::vector<std::string>& known) {
    for (const auto& [key, value] : object.members()) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      const auto near = nearest(key, known);
      warn(place.empty() ? "the file" : place,
           fmt::format("unknown key '{}' has no effect{}", key,
                       near ? fmt::format("; did you mean '{}'?", *near) : ""));
    }
  }

  void partition(const Json& json, const std::string& place) {
    Partition partition{.name = json["PartitionName"].as_string(),
                        .options = pairs(json["PartitionOptions"])};
    if (!is_plain_name(partition.name)) problem(place, "PartitionName must be letters and digits only");
    if (!names_.insert(partition.name).second)
      problem(place, fmt::format("a second partition '{}'", partition.name));
    if (json.contains("PartitionOptions") && !json["PartitionOptions"].is_object())
      problem(place, "PartitionOptions must be an object");
    if (!json["NodeGroups"].is_array()) problem(place, "there must be an array 'NodeGroups'");
    warn_unknown(json, place, kPartitionKeys);
    std::set<std::string> groups;
    for (size_t i = 0; i < json["NodeGroups"].size(); ++i) {
      const std::string below = fmt::format("{}.NodeGroups[{}]", place, i);
      partition.groups.push_back(group(json["NodeGroups"].at(i), partition.name, below));
      if (!groups.insert(partition.groups.back().name).second)
        problem(below, fmt::format("a second group '{}'", partition.groups.back().name));
    }
    out_.partitions.push_back(std::move(partition));
  }

  NodeGroup group(const Json& json, const std::string& partition, const std::string& place) {
    NodeGroup group{.partition = partition,
                    .name = json["NodeGroupName"].as_string(),
                    .region = json["Region"].as_string(),
                    .profile = json["ProfileName"].as_string(),
                    .specifications = pairs(json["SlurmSpecifications"]),
                    .purchasing = json["PurchasingOption"].as_string(),
                    .on_demand_options = json["OnDemandOptions"],
                    .spot_options = json["SpotOptions"],
                    .launch_template = json["LaunchTemplateSpecification"],
                    .overrides = json["LaunchTemplateOverrides"],
                    .tags = json["Tags"],
                    .starts_from_1 = is_true(json["NodeNameStartsFrom1"]),
                    .starts_with_group_name = is_true(json["NodeNameStartsWithNodeGroupName"])};
    if (!is_plain_name(group.name)) problem(place, "NodeGroupName must be letters and digits only");
    if (!json["MaxNodes"].is_int() || json["MaxNodes"].as_int() < 1 ||
        json["MaxNodes"].as_int() > kNodesAtMost)
      problem(place, fmt::format("MaxNodes must be a whole number from 1 to {}", kNodesAtMost));
    else
      group.max_nodes = static_cast<int>(json["MaxNodes"].as_int());
    if (group.region.empty()) problem(place, "Region is missing");
    if (!json["SlurmSpecifications"].is_object()) problem(place, "SlurmSpecifications must be an object");
    if (group.purchasing != "spot" && group.purchasing != "on-demand")
      problem(place, "PurchasingOption must be spot or on-demand");
    const bool named = !group.launch_template["LaunchTemplateName"].as_string().empty();
    const bool by_id = !group.launch_template["LaunchTemplateId"].as_string().empty();
    if (named == by_id)
      problem(place, "LaunchTemplateSpecification needs LaunchTemplateName or LaunchTemplateId");
    if (group.launch_template["Version"].is_int())
      group.launch_template.set("Version", plain(group.launch_template["Version"]));
    if (group.launch_template["Version"].as_string().starts_with('$'))
      warn(place,
           fmt::format("version {} of the launch template changes under a running cluster; name a number",
                       group.launch_template["Version"].as_string()));
    if (!group.overrides.is_array() || group.overrides.items().empty())
      problem(place, "LaunchTemplateOverrides must be an array with at least one entry");
    for (const Json& each : group.overrides.items())
      if (each.contains("SubnetId"))
        problem(place, "SubnetId belongs in SubnetIds, not in LaunchTemplateOverrides");
    if (!json["SubnetIds"].is_array() || json["SubnetIds"].items().empty())
      problem(place, "SubnetIds must be an array with at least one subnet");
    for (const Json& subnet : json["SubnetIds"].items()) group.subnets.push_back(subnet.as_string());
    if (json.contains("Tags") && !json["Tags"].is_array())
      problem(place, "Tags must be an array of Key and Value");
    warn_unknown(json, place, kGroupKeys);
    for (const std::string& key : kForkKeysWithoutEffect)
      if (json.contains(key))
        warn(place, fmt::format("{} is accepted and has no effect in this version", key));
    return group;
  }

  std::string_view name_;
  Partitions out_;
  std::set<std::string> names_;
  std::vector<std::string> problems_;
};

}  // namespace

std::optional<int> NodeGroup::index_of(const NodeName& node) const {
  const std::string before = prefix();
  if (!node.value.starts_with(before)) return std::nullopt;
  const auto number = parse_int(std::string_view(node.value).substr(before.size()));
  if (!number) return std::nullopt;
  const int64_t index = *number - (starts_from_1 ? 1 : 0);
  if (index < 0 || index >= max_nodes || this->node(static_cast<int>(index)) != node) return std::nullopt;
  return static_cast<int>(index);
}

std::string NodeGroup::range() const {
  const int first = starts_from_1 ? 1 : 0;
  if (max_nodes == 1) return node(0).value;
  return fmt::format("{}[{}-{}]", prefix(), first, first + max_nodes - 1);
}

Result<Partitions> parse_partitions(const Json& document, std::string_view name) {
  return Parser{name}.parse(document);
}

}  // namespace spillway::config
