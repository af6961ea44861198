#include "lab/report.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "lab/errors.h"
#include "slurm/hostlist.h"

namespace spillway::lab {
namespace {

/// sacct's "2026-11-22T23:15:14" under TZ=UTC; "Unknown" and "None" are no time.
Result<Time> parse_moment(std::string_view text) {
  if (text.empty() || text == "Unknown" || text == "None") return Time{};
  return parse_iso8601(std::string(text) + "Z");
}

Result<AccountedJob> parse_line(std::string_view line) {
  const auto fields = split(line, '|');
  const auto id = fields.size() == 8 ? parse_int(fields[0]) : std::nullopt;
  if (!id) return Error{Kind::invalid, fmt::format("not a line of sacct: '{}'", line)};
  AccountedJob job{*id, std::string(fields[1]), std::string(fields[2]), std::string(fields[3])};
  if (!fields[4].empty() && fields[4] != "None assigned") job.nodes = TRY(slurm::expand(fields[4]));
  job.submit = TRY(parse_moment(fields[5]));
  job.start = TRY(parse_moment(fields[6]));
  job.end = TRY(parse_moment(fields[7]));
  return job;
}

Json phase(std::string_view name, Time start, Time end) {
  return Json::object({{"name", name}, {"start", to_iso8601(start)}, {"end", to_iso8601(end)}});
}

bool in_cloud(const NodeName& node) {
  return node.value.starts_with("cloud-");
}

Json job_json(const AccountedJob& job) {
  Json nodes = Json::array(), phases = Json::array();
  for (const NodeName& node : job.nodes) nodes.push(node.value);
  if (job.start != Time{}) phases.push(phase("pending", job.submit, job.start));
  if (job.end != Time{} && job.start != Time{}) phases.push(phase("running", job.start, job.end));
  return Json::object({{"id", job.id},
                       {"label", job.label},
                       {"name", job.name},
                       {"where", where(job)},
                       {"nodes", std::move(nodes)},
                       {"state", job.state},
                       {"phases", std::move(phases)}});
}

/// When `event` happened last to the node before its instance was known, or to the instance.
struct Moments {
  NodeName node;
  std::map<std::string, Time> at;
};

/// The life of each instance; what happened to its node before it was bound belongs to it as well.
std::map<InstanceId, Moments> lives(const std::vector<FleetEvent>& events) {
  std::map<InstanceId, Moments> out;
  std::map<NodeName, std::map<std::string, Time>> before;
  std::map<NodeName, InstanceId> bound;
  for (const FleetEvent& event : events) {
    if (event.event == "bound") {
      Moments& life = out[event.instance];
      life.node = event.node;
      life.at = before[event.node];
      before[event.node].clear();
      bound[event.node] = event.instance;
    }
    if (!event.instance.empty() && out.contains(event.instance))
      out[event.instance].at.emplace(event.event, event.at);
    else if (event.event == "suspend" && bound.contains(event.node))
      out[bound[event.node]].at.emplace(event.event, event.at);
    else if (!event.node.empty())
      before[event.node][event.event] = event.at;
  }
  return out;
}

Json node_json(const InstanceId& instance, const Moments& life) {
  static constexpr struct {
    const char *name, *start, *end;
  } kPhases[] = {{"resume", "resume", "bound"},
                 {"boot", "bound", "joined"},
                 {"up", "joined", "suspend"},
                 {"terminate", "suspend", "terminated"}};
  Json phases = Json::array();
  for (const auto& [name, start, end] : kPhases) {
    const auto from = life.at.find(start), to = life.at.find(end);
    if (from != life.at.end() && to != life.at.end()) phases.push(phase(name, from->second, to->second));
  }
  return Json::object(
      {{"name", life.node.value}, {"instance", instance.value}, {"phases", std::move(phases)}});
}

}  // namespace

Result<std::vector<AccountedJob>> parse_accounting(const std::string& text) {
  std::vector<AccountedJob> jobs;
  for (const std::string_view line : split(text, '\n'))
    if (!trim(line).empty()) jobs.push_back(TRY(parse_line(line)));
  return jobs;
}

Result<std::vector<FleetEvent>> parse_events(const Json& report) {
  std::vector<FleetEvent> events;
  for (const Json& event : report["events"].items())
    events.push_back({TRY(parse_iso8601(event["at"].as_string())), event["event"].as_string(),
                      NodeName{event["node"].as_string()}, InstanceId{event["instance"].as_string()},
                      event["job"].as_int(), event["detail"].as_string()});
  return events;
}

std::string where(const AccountedJob& job) {
  const auto cloud = std::count_if(job.nodes.begin(), job.nodes.end(), in_cloud);
  if (job.nodes.empty()) return "nowhere";
  return cloud == 0 ? "onprem" : cloud == static_cast<long>(job.nodes.size()) ? "cloud" : "both";
}

Json demo_report(const DemoFindings& findings) {
  Json jobs = Json::array(), nodes = Json::array();
  for (const AccountedJob& job : findings.jobs) jobs.push(job_json(job));
  for (const auto& [instance, life] : lives(findings.events)) nodes.push(node_json(instance, life));
  return Json::object({{"schema", "spillway.demo/v1"},
                       {"jobs", std::move(jobs)},
                       {"nodes", std::move(nodes)},
                       {"tunnel", findings.tunnel},
                       {"names", findings.names},
                       {"iam", findings.iam},
                       {"api_calls", findings.api_calls},
                       {"instances_left", findings.instances_left},
                       {"open_intents", findings.open_intents},
                       {"seconds", findings.seconds}});
}

std::vector<std::string> shortcomings(const DemoFindings& findings) {
  std::vector<std::string> out;
  size_t onprem = 0, two_in_cloud = 0;
  for (const AccountedJob& job : findings.jobs) {
    if (job.state != "COMPLETED") out.push_back(fmt::format("job {} is {}", job.label, job.state));
    onprem += where(job) == "onprem";
    two_in_cloud += where(job) == "cloud" && job.nodes.size() == 2;
  }
  if (findings.jobs.size() < 3) out.push_back(fmt::format("accounting knows {} jobs", findings.jobs.size()));
  if (onprem == 0) out.push_back("no job ran on-premises");
  if (two_in_cloud == 0) out.push_back("no job ran on two cloud nodes");
  if (!findings.tunnel.contains("handshake_age_s")) out.push_back("the tunnel has no handshake");
  if (findings.names.size() == 0) out.push_back("no node had a name");
  for (const Json& name : findings.names.items())
    if (name["address"].as_string().empty() ||
        name["ptr"].as_string() != name["node"].as_string() + ".example.com.")
      out.push_back(fmt::format("the name of {} is wrong: {}", name["node"].as_string(), name.dump()));
  if (!findings.iam["refused_without_role"].as_bool())
    out.push_back("IAM lets the daemon's user do what only its role may");
  if (findings.instances_left != 0)
    out.push_back(fmt::format("{} instances are still on", findings.instances_left));
  if (findings.open_intents != 0)
    out.push_back(fmt::format("{} launches are still open", findings.open_intents));
  return out;
}

std::string summary(const DemoFindings& findings) {
  std::string text = fmt::format("\n {:<8} {:<8} {:<10} {:<8} {:<18} {:>8} {:>8}\n", "JOB", "NAME", "STATE",
                                 "WHERE", "NODES", "WAIT s", "RUN s");
  for (const AccountedJob& job : findings.jobs)
    text += fmt::format(" {:<8} {:<8} {:<10} {:<8} {:<18} {:>8.0f} {:>8.0f}\n", job.label, job.name,
                        job.state, where(job), slurm::fold(job.nodes),
                        std::chrono::duration<double>(job.start - job.submit).count(),
                        std::chrono::duration<double>(job.end - job.start).count());
  std::string calls;
  for (const auto& [operation, count] : findings.api_calls.members())
    calls += fmt::format("  {} × {}", operation, count.as_int());
  std::string names;
  for (const Json& name : findings.names.items())
    names += fmt::format("  {} = {}", name["node"].as_string(), name["address"].as_string());
  text += fmt::format(
      "\n tunnel     handshake {} s before, with {}\n names      A and PTR:{}\n IAM        every call as {}",
      findings.tunnel["handshake_age_s"].as_int(), findings.tunnel["endpoint"].as_string(), names,
      findings.iam["role"].as_string());
  return text + fmt::format("\n AWS calls{}\n instances left {}, open launches {}, {:.1f} s\n", calls,
                            findings.instances_left, findings.open_intents, findings.seconds);
}

std::vector<std::string> timeline(const std::vector<FleetEvent>& events, Time began) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < events.size();) {
    const FleetEvent& first = events[at];
    std::vector<NodeName> nodes;
    size_t end = at;
    for (; end < events.size() && events[end].event == first.event; ++end)
      if (!events[end].node.empty()) nodes.push_back(events[end].node);
    const double seconds = std::chrono::duration<double>(first.at - began).count();
    lines.push_back(fmt::format(" {:5.1f} s ▸ {:<11} {}", seconds, first.event,
                                nodes.empty() ? first.detail : slurm::fold(std::move(nodes))));
    at = end;
  }
  return lines;
}

}  // namespace spillway::lab
