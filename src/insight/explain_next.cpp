// What a job waits for, and what helps.
#include <algorithm>

#include "fleet/world.h"
#include "insight/explain.h"

namespace spillway::insight {
namespace {

/// The command that tells more about a closed gate.
std::string remedy_of(const std::string& gate) {
  if (gate == "tunnel") return "spillway vpn check";
  if (gate == "clock") return "spillway doctor time";
  if (gate == "credentials") return "spillway doctor aws";
  return "spillway status";
}

std::string until(Time time) {
  return to_iso8601_seconds(time);
}

std::optional<Next> closed_gate(const Evidence& evidence) {
  if (evidence.gates.size() == 0) return std::nullopt;
  const Json& gate = evidence.gates.at(0);
  return Next{
      fmt::format("nothing is launched since {}: {}", gate["since"].as_string(), gate["reason"].as_string()),
      remedy_of(gate["gate"].as_string())};
}

std::optional<Next> parked_group(const Evidence& evidence, const std::vector<Standing>& nodes) {
  for (const auto& [name, group] : evidence.records.groups) {
    if (group.parked_until <= evidence.now) continue;
    for (const Standing& node : nodes)
      if (node.node.value.starts_with(name.value + "-"))
        return Next{fmt::format("{} is parked until {}: {}", name, until(group.parked_until), group.reason),
                    fmt::format("spillway node reset {}, after the cause is gone", node.node)};
  }
  return std::nullopt;
}

/// What EC2 would not give, and when it is asked again.
std::string resting_pools(const Evidence& evidence) {
  std::string out;
  for (const auto& [name, pool] : evidence.records.pools)
    if (pool.until > evidence.now)
      out += fmt::format("{}{} rests until {} ({})", out.empty() ? "" : "; ", name, until(pool.until),
                         pool.reason);
  return out;
}

std::optional<Next> failed_node(const Evidence& evidence, const std::vector<Standing>& nodes) {
  for (const Standing& node : nodes) {
    if (node.state != "failed" && node.state != "failing") continue;
    const fleet::NodeRecord& record = evidence.records.nodes.at(node.node);
    const std::string pools = resting_pools(evidence);
    const std::string waits = pools.empty() ? "" : fmt::format("waiting for capacity: {}; ", pools);
    if (node.state == "failing")
      return Next{fmt::format("{}{} failed: {}; its instance {} is being ended", waits, node.node,
                              record.reason, node.instance),
                  fmt::format("spillway node show {}", node.node)};
    return Next{fmt::format("{}{} failed: {}; it rests until {}, then Slurm may ask for it again", waits,
                            node.node, record.reason, until(record.hold_until)),
                fmt::format("spillway node reset {}, to try at once", node.node)};
  }
  return std::nullopt;
}

std::optional<Next> launching(const Evidence& evidence, const std::vector<Standing>& nodes) {
  for (const Standing& node : nodes) {
    if (node.state == "waiting")
      return Next{
          fmt::format("{} waits until its former instance {} is seen terminated", node.node, node.instance),
          ""};
    if (node.state != "launching") continue;
    for (const auto& [intent, launch] : evidence.records.launches) {
      const bool its = std::any_of(launch.nodes.begin(), launch.nodes.end(),
                                   [&](const fleet::LaunchNode& each) { return each.node == node.node; });
      if (!its || launch.state != fleet::LaunchState::intended) continue;
      if (launch.error.empty()) return Next{fmt::format("CreateFleet for {} is under way", node.node), ""};
      return Next{fmt::format("the launch of {} did not work: {}; next try {}", node.node, launch.error,
                              until(launch.not_before)),
                  "spillway doctor aws"};
    }
    const std::string pools = resting_pools(evidence);
    if (!pools.empty()) return Next{"waiting for capacity: " + pools, "spillway status"};
    return Next{
        fmt::format("{} is about to be launched; if nothing happens, the daemon does not run", node.node),
        "systemctl status spillwayd"};
  }
  return std::nullopt;
}

std::optional<Next> booting(const Evidence& evidence, const std::vector<Standing>& nodes) {
  for (const Standing& node : nodes) {
    if (node.state != "booting") continue;
    const fleet::MachineRecord* machine = fleet::machine_of(evidence.records, node.node);
    if (!machine) continue;
    if (machine->addressed_at == Time{})
      return Next{fmt::format("{} boots as {} since {}; Slurm has not heard its address yet", node.node,
                              machine->id, until(machine->launched_at)),
                  machine->name_trouble.empty() ? "" : "spillway doctor dns"};
    return Next{fmt::format("{} boots as {} at {} since {}; its slurmd has not registered", node.node,
                            machine->id, machine->address, until(machine->launched_at)),
                fmt::format("aws ec2 get-console-output --instance-id {}, if it takes longer than usual",
                            machine->id)};
  }
  return std::nullopt;
}

std::optional<Next> interrupted(const Evidence& evidence, const std::vector<Standing>& nodes) {
  for (const Standing& node : nodes) {
    const fleet::MachineRecord* machine = fleet::machine_of(evidence.records, node.node);
    if (machine && machine->interrupted_at != Time{})
      return Next{fmt::format("EC2 takes {} ({}) back at {}; the job is put back into the queue before",
                              node.node, machine->id, until(machine->interrupted_at)),
                  ""};
  }
  return std::nullopt;
}

Next ended(const Evidence& evidence) {
  const slurm::JobRecord& run = evidence.runs.back();
  if (run.state == "COMPLETED") return {"nothing: the job completed", ""};
  if (run.state == "NODE_FAIL")
    return {"the job was lost with a node and not put back into the queue; submit it again",
            fmt::format("scontrol show job {}", evidence.job.id)};
  if (run.state == "CANCELLED") return {"nothing: the job was cancelled", ""};
  return {fmt::format("the job itself ended as {} (exit code {}, signal {}); its output tells why", run.state,
                      run.exit_code, run.signal),
          fmt::format("sacct -j {} --format=JobID,State,ExitCode,NodeList", evidence.job.id)};
}

}  // namespace

Next next_of(const Evidence& evidence, const std::vector<Standing>& nodes) {
  if (!evidence.queued) {
    if (!evidence.runs.empty() && evidence.runs.back().end) return ended(evidence);
    return {"Slurm knows the job no more; the journal's last word on its nodes stands above",
            evidence.unseen.contains("slurmdbd")
                ? fmt::format("sacct -j {}, when slurmdbd answers", evidence.job.id)
                : ""};
  }
  const slurm::Job& job = *evidence.queued;
  if (auto next = interrupted(evidence, nodes)) return *next;
  if (job.state == "RUNNING" || job.state == "COMPLETING")
    return {fmt::format("nothing: the job is {}", job.state == "RUNNING" ? "running" : "completing"), ""};
  // What keeps everything from being launched comes before what one node waits for.
  const bool waits_for_launch =
      nodes.empty() || std::any_of(nodes.begin(), nodes.end(), [](const Standing& node) {
        return node.state == "launching" || node.state == "failed" || node.state == "down";
      });
  if (waits_for_launch) {
    if (auto next = closed_gate(evidence)) return *next;
    if (auto next = parked_group(evidence, nodes)) return *next;
  }
  if (auto next = failed_node(evidence, nodes)) return *next;
  if (auto next = launching(evidence, nodes)) return *next;
  if (auto next = booting(evidence, nodes)) return *next;
  if (job.is_configuring())
    return {"every node is there; Slurm starts the job when it looks again, within 30 s", ""};
  return {"Slurm has not chosen nodes for it; it says why",
          fmt::format("squeue -j {} -o '%i %T %r'", evidence.job.id)};
}

}  // namespace spillway::insight
