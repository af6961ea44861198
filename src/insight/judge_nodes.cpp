#include "insight/judge_nodes.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

#include "base/text.h"
#include "slurm/hostlist.h"

namespace spillway::insight {
namespace {

constexpr Code kTooNew{
    "SPW-SLURM-033", "slurmctld does not understand what a newer slurmd says",
    "spillway image build makes an image with slurmctld's version; or upgrade slurmctld first"};
constexpr Code kTooOld{"SPW-SLURM-034",
                       "a slurmd works with slurmctlds of its own release and the two after it",
                       "spillway image build makes an image with slurmctld's version; name it as site.image"};
constexpr Code kNotKnown{
    "SPW-SLURM-035", "the groups have nodes that the running slurmctld does not know",
    "spillway apply, or: spillway config slurm --to /etc/slurm; then restart slurmctld and the slurmds"};
constexpr Code kTooMuch{"SPW-SLURM-036",
                        "slurmd registers with less than slurm.conf says, and Slurm sets the node to "
                        "INVALID_REG or drains it",
                        "correct SlurmSpecifications, or leave it out, and: spillway apply"};
constexpr Code kOtherAddress{"SPW-SLURM-037", "slurmctld talks to where the node's instance is not",
                             "spillway doctor slurm --fix tells it again"};
constexpr Code kPowered{
    "SPW-SLURM-038", "power saving applies to every node that is not excepted",
    "SuspendExcNodes, or SuspendTime=INFINITE of their partition; spillway apply writes it"};
constexpr Code kNotSeen{
    "SPW-DNS-035", "the node asks the premises' name servers through the tunnel, and sees the view for it",
    "dns.zone must be in the view that the VPC's addresses match: spillway dns config prints it"};

constexpr std::array<slurm::Version, 9> kReleases{
    {{20, 2}, {20, 11}, {21, 8}, {22, 5}, {23, 2}, {23, 11}, {24, 5}, {24, 11}, {25, 5}}};

/// The number of a release; those after the last known one count on from it.
int release_number(slurm::Version version) {
  const auto found = std::lower_bound(kReleases.begin(), kReleases.end(), version);
  return static_cast<int>(found - kReleases.begin());
}

std::optional<slurm::Version> version_of(const slurm::Node& node) {
  const auto parts = split(node.version, '.');
  if (parts.size() < 2) return std::nullopt;
  const auto major = parse_int(parts[0]), minor = parse_int(parts[1]);
  if (!major || !minor) return std::nullopt;
  return slurm::Version{static_cast<int>(*major), static_cast<int>(*minor)};
}

std::string text_of(slurm::Version version) {
  return fmt::format("{:02}.{:02}", version.major, version.minor);
}

/// The group's first node that Slurm knows.
const slurm::Node* one_of(const config::NodeGroup& group, const std::vector<slurm::Node>& nodes) {
  for (const slurm::Node& node : nodes)
    if (group.index_of(node.name)) return &node;
  return nullptr;
}

void judge_shape(const config::NodeGroup& group, const config::ShapeOf& shape_of, const slurm::Node& node,
                 std::vector<Finding>& out) {
  for (const std::string& type : group.instance_types()) {
    const auto shape = shape_of(type);
    if (!shape) continue;
    if (node.memory_mib > config::most_real_memory(*shape))
      out.push_back(bad(
          kTooMuch, fmt::format("{} has RealMemory={}, a {} has {} MiB: RealMemory={} at most", group.group(),
                                node.memory_mib, type, shape->memory_mib, config::safe_real_memory(*shape))));
    if (node.cpus > shape->vcpus)
      out.push_back(bad(kTooMuch, fmt::format("{} has CPUs={}, a {} has {}", group.group(), node.cpus, type,
                                              shape->vcpus)));
  }
}

}  // namespace

std::vector<Finding> judge_versions(slurm::Version controller, const std::vector<slurm::Node>& nodes) {
  std::map<slurm::Version, std::vector<NodeName>> by_version;
  for (const slurm::Node& node : nodes)
    if (const auto version = version_of(node)) by_version[*version].push_back(node.name);
  std::vector<Finding> out;
  for (const auto& [version, names] : by_version) {
    const std::string what = fmt::format("slurmd {} on {}, slurmctld {}", text_of(version),
                                         slurm::fold(names), text_of(controller));
    if (version > controller) out.push_back(bad(kTooNew, what));
    if (release_number(controller) - release_number(version) > 2) out.push_back(bad(kTooOld, what));
  }
  if (out.empty())
    out.push_back(good(by_version.empty()
                           ? fmt::format("slurmctld {}; no slurmd has registered", text_of(controller))
                           : fmt::format("slurmctld {} and its slurmds fit", text_of(controller))));
  return out;
}

std::vector<Finding> judge_groups(const config::Partitions& partitions, const config::ShapeOf& shape_of,
                                  const std::vector<slurm::Node>& nodes) {
  std::vector<Finding> out;
  size_t count = 0;
  for (const config::Partition& partition : partitions.partitions)
    for (const config::NodeGroup& group : partition.groups) {
      const auto known = std::count_if(nodes.begin(), nodes.end(), [&](const slurm::Node& node) {
        return group.index_of(node.name).has_value();
      });
      count += static_cast<size_t>(known);
      if (known < group.max_nodes)
        out.push_back(bad(kNotKnown, fmt::format("slurmctld knows {} of the {} nodes of {}", known,
                                                 group.max_nodes, group.group())));
      if (const slurm::Node* node = one_of(group, nodes)) judge_shape(group, shape_of, *node, out);
    }
  if (out.empty())
    out.push_back(
        good(fmt::format("slurmctld knows the {} cloud nodes, and their types have what it says", count)));
  return out;
}

std::vector<Finding> judge_addresses(const std::vector<fleet::MachineRecord>& machines,
                                     const std::vector<slurm::Node>& nodes,
                                     std::vector<slurm::AddressUpdate>& stale) {
  std::vector<Finding> out;
  size_t right = 0;
  for (const fleet::MachineRecord& machine : machines) {
    // Between its order to go and its end Slurm resets the address by itself.
    if (!machine.live() || machine.addressed_at == Time{} || machine.terminate_at != Time{}) continue;
    const auto node = std::find_if(nodes.begin(), nodes.end(),
                                   [&](const slurm::Node& each) { return each.name == machine.node; });
    if (node == nodes.end() || node->state.is_powered_down() || node->state.is_powering_down()) continue;
    if (node->address == machine.address.value) {
      ++right;
      continue;
    }
    std::string hostname = "ip-" + machine.address.value;
    std::replace(hostname.begin(), hostname.end(), '.', '-');
    stale.push_back({machine.node, machine.address, node->hostname.empty() ? hostname : node->hostname});
    out.push_back(bad(kOtherAddress, fmt::format("Slurm has {} at {}, its instance is at {}", machine.node,
                                                 node->address, machine.address)));
  }
  if (out.empty()) out.push_back(good(fmt::format("Slurm has the address of {} machines", right)));
  return out;
}

std::vector<Finding> judge_premises(const config::Partitions& partitions,
                                    const std::vector<slurm::Node>& nodes) {
  std::vector<NodeName> down;
  for (const slurm::Node& node : nodes)
    if (!node.ambiguous && !node.state.has(slurm::NodeState::kCloud) && !partitions.find(node.name) &&
        (node.state.is_powered_down() || node.state.is_powering_down()))
      down.push_back(node.name);
  if (down.empty()) return {good("no node of the premises is powered down")};
  return {bad(kPowered, fmt::format("Slurm powered down {}, which is not of the cloud", slurm::fold(down)))};
}

NodeView read_node_view(std::string_view text) {
  NodeView out;
  for (const std::string_view line : split(text, '\n')) {
    std::vector<std::string> words;
    for (const std::string_view word : split(line, ' '))
      if (!trim(word).empty()) words.emplace_back(trim(word));
    if (words.size() < 2) continue;
    if (words[0] == "time") out.clock_s = std::strtod(words[1].c_str(), nullptr);
    const std::string answer = words.size() > 2 ? words[2] : "";
    if (words[0] == "forward") out.forward.emplace_back(words[1], answer);
    if (words[0] == "backward") out.backward.emplace_back(words[1], answer);
  }
  return out;
}

std::vector<Finding> judge_node_names(const NodeName& node, const NodeView& view,
                                      const std::vector<ExpectedName>& expected) {
  std::vector<Finding> out;
  if (expected.empty()) return {good(fmt::format("no node has a name yet that {} could be asked for", node))};
  const auto answer = [](const auto& list, const std::string& asked) -> std::string {
    for (const auto& [question, found] : list)
      if (question == asked) return found;
    return "";
  };
  for (const auto& [name, address, has_way_back] : expected) {
    const std::string there = answer(view.forward, name), back = answer(view.backward, address);
    if (there != address)
      out.push_back(bad(kNotSeen, fmt::format("{} sees {} at {}, not {}", node, name,
                                              there.empty() ? "nothing" : there, address)));
    // Its own address may lead to the short name of its hosts file.
    if (has_way_back && back != name && !(!back.empty() && name.starts_with(back + ".")))
      out.push_back(bad(kNotSeen, fmt::format("{} sees {} as {}, not {}", node, address,
                                              back.empty() ? "nothing" : back, name)));
  }
  if (out.empty())
    out.push_back(good(fmt::format("{} sees {} names forward and backward", node, expected.size())));
  return out;
}

}  // namespace spillway::insight
