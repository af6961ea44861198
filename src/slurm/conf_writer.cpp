#include "slurm/conf_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "slurm/codes.h"

namespace spillway::slurm {
namespace {

using config::KeyValues;

std::string words(const KeyValues& values) {
  std::string out;
  for (const auto& [key, value] : values) out += fmt::format(" {}={}", key, value);
  return out;
}

/// A value with blanks must stand in quotes; Slurm knows no escapes inside them.
KeyValues with_quotes(KeyValues values) {
  for (auto& [key, value] : values)
    if (value.find_first_of(" #") != std::string::npos && !value.starts_with('"'))
      value = "\"" + value + "\"";
  return values;
}

bool has_key(const KeyValues& values, std::string_view wanted) {
  for (const auto& [key, value] : values)
    if (equal_ignoring_case(key, wanted)) return true;
  return false;
}

std::string partition_line(const config::Partition& partition) {
  std::string nodes;
  for (const config::NodeGroup& group : partition.groups) nodes += (nodes.empty() ? "" : ",") + group.range();
  KeyValues options = with_quotes(partition.options);
  if (!has_key(options, "State")) options.insert(options.begin(), {"State", "UP"});
  if (!has_key(options, "MaxTime")) options.insert(options.begin(), {"MaxTime", "INFINITE"});
  return fmt::format("PartitionName={} Nodes={}{}\n", partition.name, nodes, words(options));
}

/// One line of gres.conf.
Result<std::string> gres_line(const config::NodeGroup& group, const std::string& gres) {
  const auto parts = split(gres, ':');
  const auto count = parts.size() < 2 ? std::nullopt : parse_int(parts.back());
  bool good = (parts.size() == 2 || parts.size() == 3) && count && *count >= 1 && *count <= 1024;
  for (const std::string_view part : parts)
    good = good && !part.empty() && part.find_first_of(", =()[]") == std::string_view::npos;
  if (!good)
    return Error{
        Kind::invalid, kBadGres,
        fmt::format("Gres of {} is {}, want name:count or name:type:count", group.group(), in_quotes(gres))};
  std::string line = fmt::format("NodeName={} Name={}", group.range(), parts[0]);
  if (parts.size() == 3) line += fmt::format(" Type={}", parts[1]);
  if (parts[0] == "gpu")
    line += *count == 1 ? " File=/dev/nvidia[0]" : fmt::format(" File=/dev/nvidia[0-{}]", *count - 1);
  return line + "\n";
}

/// `own` and those of `ours` that are not among them, with commas.
std::string joined(std::vector<std::string> own, const std::vector<std::string>& ours) {
  for (const std::string& word : ours)
    if (std::find(own.begin(), own.end(), word) == own.end()) own.push_back(word);
  return fmt::format("{}", fmt::join(own, ","));
}

/// What SlurmctldParameters needs, by what the version knows.
std::string controller_parameters(const SlurmPart& part) {
  std::vector<std::string> ours{"idle_on_node_suspend"};
  // Since 23.11 it is the default and the word is gone; before 20.11 Spillway's suspend resets NodeAddr
  // alone.
  if (part.version >= Version{20, 11} && part.version < Version{23, 11}) ours.push_back("cloud_reg_addrs");
  return joined(part.controller_parameters, ours);
}

config::Partitions with_weights(config::Partitions partitions, const std::string& weights) {
  for (config::Partition& partition : partitions.partitions)
    if (!weights.empty() && !has_key(partition.options, "TRESBillingWeights"))
      partition.options.emplace_back("TRESBillingWeights", "\"" + weights + "\"");
  return partitions;
}

}  // namespace

std::string node_lines(const config::Partitions& partitions) {
  std::string out;
  for (const config::Partition& partition : partitions.partitions) {
    for (const config::NodeGroup& group : partition.groups)
      out +=
          fmt::format("NodeName={} State=CLOUD{}\n", group.range(), words(with_quotes(group.specifications)));
    out += partition_line(partition) + "\n";
  }
  return out;
}

std::string slurm_conf_aws(const config::PluginConfig& config, const config::Partitions& partitions) {
  std::string out;
  for (const auto& [key, value] : config.slurm_conf) out += fmt::format("{}={}\n", key, value);
  return out + "\n" + node_lines(partitions);
}

Result<std::string> gres_conf_aws(const config::Partitions& partitions) {
  std::string out;
  for (const config::Partition& partition : partitions.partitions)
    for (const config::NodeGroup& group : partition.groups)
      for (const auto& [key, value] : group.specifications)
        if (equal_ignoring_case(key, "Gres")) out += TRY(gres_line(group, value));
  return out;
}

std::string spillway_conf(const config::Partitions& given, const SlurmPart& part) {
  const config::Partitions partitions = with_weights(given, part.billing_weights);
  std::string out = fmt::format(
      R"(# Written by `spillway config slurm`; included by slurm.conf. Changes here are lost: change spillway.yaml.
# Slurm {}.{:02}. Adding or removing nodes needs a restart of slurmctld and of every slurmd.

# Who is called, as SlurmUser. PrologSlurmctld returns when the job's cloud nodes are up: without it a batch job
# waits up to 30 s more.
ResumeProgram={}
SuspendProgram={}
ResumeFailProgram={}
PrologSlurmctld={}

# A node may be called for again only when it has surely gone: SuspendTime ≥ SuspendTimeout + ResumeTimeout.
SuspendTime={}
SuspendTimeout={}
ResumeTimeout={}
# Launches are batched by Spillway, so slurmctld need not spread them.
ResumeRate=0
SuspendRate=0

# sinfo shows powered-down cloud nodes; a cloud node that comes back at another address is taken again; slurmctld
# talks to each cloud node itself, because they do not resolve each other's names.
PrivateData={}
ReturnToService=2
TreeWidth=60000
# One such line counts: what slurm.conf says itself belongs here too.
SlurmctldParameters={}
)",
      part.version.major, part.version.minor, (part.hooks / "resume").string(),
      (part.hooks / "suspend").string(), (part.hooks / "resume-fail").string(),
      (part.hooks / "prolog-slurmctld").string(), part.suspend_time_s, part.suspend_timeout_s,
      part.resume_timeout_s, joined(part.private_data, {"cloud"}), controller_parameters(part));
  if (part.slurmd_timeout_s > 0)
    out += fmt::format(
        "# A tunnel may be down for so long before jobs on cloud nodes are lost.\nSlurmdTimeout={}\n",
        part.slurmd_timeout_s);
  if (!part.suspend_exc_nodes.empty())
    return out +
           fmt::format("# Nodes on the premises stay on.\nSuspendExcNodes={}\n\n", part.suspend_exc_nodes) +
           node_lines(partitions);
  out += part.version >= Version{21, 8}
             ? "# On-premises nodes must stay on: give their PartitionName lines SuspendTime=INFINITE.\n\n"
             : "# On-premises nodes must stay on: name their partitions in SuspendExcParts.\n\n";
  return out + node_lines(partitions);
}

}  // namespace spillway::slurm
