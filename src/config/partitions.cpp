#include "config/partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "config/json_reader.h"
#include "config/partition_advice.h"

namespace spillway::config {
namespace {

constexpr Code kWrong{"SPW-CONFIG-003", "the partitions do not say what is needed to launch nodes",
                      "correct the places named above; spillway config validate checks again"};
constexpr int64_t kMaxNodesOfAGroup = 64'000;

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

std::string name_in(JsonReader& reader, std::string_view key) {
  std::string name = reader.text(key, true);
  if (!name.empty() && !is_plain_name(name))
    reader.problem(key, fmt::format("want letters and digits only, found {}", in_quotes(name)));
  return name;
}

std::string purchasing_in(JsonReader& reader, bool required) {
  std::string word = reader.text("PurchasingOption", required);
  if (!word.empty() && word != "spot" && word != "on-demand")
    reader.problem("PurchasingOption",
                   fmt::format("want \"spot\" or \"on-demand\", found {}", in_quotes(word)));
  return word;
}

Json overrides_in(JsonReader& reader, bool required) {
  const Json& overrides = reader.array("LaunchTemplateOverrides", required);
  for (size_t i = 0; i < overrides.size(); ++i) {
    const std::string key = fmt::format("LaunchTemplateOverrides[{}]", i);
    if (!overrides.at(i).is_object())
      reader.problem(key, fmt::format("want an object, found {}", overrides.at(i).type_name()));
    else if (overrides.at(i).contains("SubnetId"))
      reader.problem(key + ".SubnetId", "must not be set here: SubnetIds multiplies the overrides");
  }
  return overrides.is_array() ? overrides : Json::array();
}

Json launch_template_in(JsonReader& reader, LaunchFrom from) {
  Json found = reader.object("LaunchTemplateSpecification", from == LaunchFrom::the_group);
  const bool by_name = !found["LaunchTemplateName"].as_string().empty();
  const bool by_id = !found["LaunchTemplateId"].as_string().empty();
  if (found.is_object() && by_name == by_id)
    reader.problem("LaunchTemplateSpecification",
                   "want LaunchTemplateName or LaunchTemplateId, and not both");
  // EC2 takes the version as text; files have it as a number too.
  if (found["Version"].is_int()) found.set("Version", found["Version"].dump());
  return found;
}

Json tags_in(JsonReader& reader) {
  const Json& tags = reader.array("Tags", false);
  std::set<std::string> keys;
  for (size_t i = 0; i < tags.size(); ++i) {
    const Json& tag = tags.at(i);
    const std::string path = fmt::format("Tags[{}]", i);
    if (!tag["Key"].is_string() || tag["Key"].as_string().empty() || !tag["Value"].is_string())
      reader.problem(path, "want {\"Key\": text, \"Value\": text}");
    else if (!keys.insert(tag["Key"].as_string()).second)
      reader.problem(path, fmt::format("the key {} is there twice", in_quotes(tag["Key"].as_string())));
  }
  return tags.is_array() ? tags : Json::array();
}

/// What the fallback does not say is as in the source, but options of buying, which fit one way only.
NodeSource fallback_in(JsonReader& group, const NodeSource& source, JsonReader::Notes& notes) {
  NodeSource fallback = source;
  const Json& found = group.object("Fallback", false);
  if (!found.is_object()) return fallback;
  JsonReader reader(found, group.path_of("Fallback"), notes);
  if (reader.has("PurchasingOption")) fallback.purchasing = purchasing_in(reader, true);
  fallback.on_demand_options = reader.object("OnDemandOptions", false);
  fallback.spot_options = reader.object("SpotOptions", false);
  if (reader.has("LaunchTemplateOverrides")) fallback.overrides = overrides_in(reader, true);
  if (reader.has("SubnetIds")) fallback.subnets = reader.texts("SubnetIds", true);
  reader.warn_of_others();
  return fallback;
}

/// Keys of forks. Of those that have no effect here the types are checked, so that they may get one later.
void read_fork_keys(JsonReader& group, NodeGroup& out, JsonReader::Notes& notes) {
  out.placement_group = group.text("PlacementGroupName", false);
  out.one_zone = group.flag("EnableMPISupport") || !out.placement_group.empty();
  group.flag("EnableIPv6");
  group.flag("UseNodeName");
  if (const Json& options = group.object("MPIOptions", false); options.is_object()) {
    JsonReader reader(options, group.path_of("MPIOptions"), notes);
    reader.flag("WaitForAllNodes");
    reader.number("TimeoutSeconds", false, 1, 86'400, 300);
    reader.texts("HealthChecks", false);
    reader.flag("RequirePlacementGroup");
    reader.warn_of_others();
  }
  for (const char* key : {"MPIOptions", "EnableIPv6", "UseNodeName"})
    if (group.has(key))
      group.warn(key, "is accepted and has no effect in this version",
                 "set the same in the launch template, or remove it");
}

NodeGroup read_group(const Json& json, const std::string& partition, const std::string& path, LaunchFrom from,
                     JsonReader::Notes& notes) {
  NodeGroup group;
  JsonReader reader(json, path, notes);
  group.partition = partition;
  group.name = name_in(reader, "NodeGroupName");
  group.max_nodes = static_cast<int>(reader.number("MaxNodes", true, 1, kMaxNodesOfAGroup, 1));
  group.region = reader.text("Region", true);
  group.profile = reader.text("ProfileName", false);
  group.specifications = reader.key_values("SlurmSpecifications", from == LaunchFrom::the_group);
  group.launch_template = launch_template_in(reader, from);
  group.source = {
      .purchasing = purchasing_in(reader, true),
      .on_demand_options = reader.object("OnDemandOptions", false),
      .spot_options = reader.object("SpotOptions", false),
      .overrides = overrides_in(reader, true),
      .subnets = reader.texts("SubnetIds", !group.launches_from_site() || from == LaunchFrom::the_group)};
  if (reader.has("Fallback")) group.fallback = fallback_in(reader, group.source, notes);
  group.tags = tags_in(reader);
  group.starts_from_1 = reader.flag("NodeNameStartsFrom1");
  group.starts_with_group_name = reader.flag("NodeNameStartsWithNodeGroupName");
  read_fork_keys(reader, group, notes);
  reader.warn_of_others();
  return group;
}

Partition read_partition(const Json& json, const std::string& path, LaunchFrom from,
                         JsonReader::Notes& notes) {
  Partition partition;
  JsonReader reader(json, path, notes);
  partition.name = name_in(reader, "PartitionName");
  const Json& groups = reader.array("NodeGroups", true);
  for (size_t i = 0; i < groups.size(); ++i)
    partition.groups.push_back(
        read_group(groups.at(i), partition.name, fmt::format("{}.NodeGroups[{}]", path, i), from, notes));
  partition.options = reader.key_values("PartitionOptions", false);
  reader.warn_of_others();
  if (partition.groups.empty() && groups.is_array()) reader.problem("NodeGroups", "want at least one group");
  return partition;
}

/// Names that stand for two things would make Slurm die and the way back from a node ambiguous.
void refuse_repeated_names(const std::vector<Partition>& partitions, JsonReader::Notes& notes) {
  std::set<std::string> names;
  std::map<std::string, std::string> prefixes;  // of node names → group that has them
  for (const Partition& partition : partitions) {
    if (!partition.name.empty() && !names.insert(partition.name).second)
      notes.problems.push_back(fmt::format("the partition {} is there twice", partition.name));
    std::set<std::string> groups;
    for (const NodeGroup& group : partition.groups) {
      if (group.name.empty()) continue;
      if (!groups.insert(group.name).second)
        notes.problems.push_back(
            fmt::format("the group {} is there twice in partition {}", group.name, partition.name));
      else if (const auto [other, is_new] = prefixes.emplace(group.prefix(), group.group().value); !is_new)
        notes.problems.push_back(fmt::format("the groups {} and {} would have nodes of the same names",
                                             other->second, group.group()));
    }
  }
}

}  // namespace

std::optional<int> NodeGroup::index_of(const NodeName& node) const {
  const std::string before = prefix();
  if (!node.value.starts_with(before)) return std::nullopt;
  const std::string_view digits = std::string_view(node.value).substr(before.size());
  const auto number = parse_int(digits);
  const bool as_written = digits == "0" || (!digits.empty() && digits[0] >= '1' && digits[0] <= '9');
  if (!number || !as_written || *number > max_nodes) return std::nullopt;
  const int64_t index = *number - (starts_from_1 ? 1 : 0);
  return index < 0 || index >= max_nodes ? std::nullopt : std::optional(static_cast<int>(index));
}

std::string NodeGroup::range() const {
  const int first = starts_from_1 ? 1 : 0;
  if (max_nodes == 1) return node(0).value;
  return fmt::format("{}[{}-{}]", prefix(), first, first + max_nodes - 1);
}

std::optional<int64_t> NodeGroup::specification(std::string_view key) const {
  for (const auto& [name, value] : specifications)
    if (equal_ignoring_case(name, key)) return parse_int(value);
  return std::nullopt;
}

std::vector<std::string> NodeGroup::instance_types() const {
  std::vector<std::string> types;
  const auto add = [&](const NodeSource& from) {
    for (const Json& item : from.overrides.items())
      if (const std::string& type = item["InstanceType"].as_string();
          !type.empty() && std::find(types.begin(), types.end(), type) == types.end())
        types.push_back(type);
  };
  add(source);
  if (fallback) add(*fallback);
  return types;
}

std::optional<Partitions::Place> Partitions::find(const NodeName& name) const {
  for (const Partition& partition : partitions)
    for (const NodeGroup& group : partition.groups)
      if (const auto index = group.index_of(name)) return Place{&group, *index};
  return std::nullopt;
}

std::string to_string(const Warning& warning) {
  return fmt::format("{}: {}; {}", warning.where, warning.what, warning.fix);
}

Result<Partitions> parse_partitions(const Json& document, std::string_view name, LaunchFrom from,
                                    const ShapeOf& shapes) {
  JsonReader::Notes notes;
  Partitions out;
  out.source = document;
  out.name = name;
  JsonReader reader(document, "", notes);
  const Json& list = reader.array("Partitions", true);
  for (size_t i = 0; i < list.size(); ++i)
    out.partitions.push_back(read_partition(list.at(i), fmt::format("Partitions[{}]", i), from, notes));
  reader.warn_of_others();
  refuse_repeated_names(out.partitions, notes);
  if (!notes.problems.empty()) {
    std::string all;
    for (const std::string& problem : notes.problems)
      all += fmt::format("{}{}: {}", all.empty() ? "" : "\n  ", name, problem);
    return Error{Kind::invalid, kWrong, std::move(all)};
  }
  for (Warning& warning : advice_on(out, shapes)) notes.warnings.push_back(std::move(warning));
  for (const Warning& warning : notes.warnings)
    out.warnings.push_back(fmt::format("{}: {}", name, to_string(warning)));
  return out;
}

}  // namespace spillway::config
