#include "insight/explain.h"

#include <algorithm>

#include "base/text.h"
#include "fleet/status.h"
#include "fleet/world.h"

namespace spillway::insight {
namespace {

constexpr Code kNoJobName{"SPW-INSIGHT-001",
                          "a job is named by its number, an element of an array by ARRAY_INDEX",
                          "spillway job explain 4711, or 4711_3"};

/// When a node was the job's: from its call until it was called for somebody else.
struct Span {
  Time from{}, until = Time::max();
  bool contains(Time at) const { return from <= at && at < until; }
};
using Spans = std::map<NodeName, std::vector<Span>>;

bool is_in(const Spans& spans, const NodeName& node, Time at) {
  const auto found = spans.find(node);
  return found != spans.end() && std::any_of(found->second.begin(), found->second.end(),
                                             [&](const Span& span) { return span.contains(at); });
}

/// The moments of the events `word` of each node.
std::map<NodeName, std::vector<Time>> moments(const Evidence& evidence, std::string_view word) {
  std::map<NodeName, std::vector<Time>> out;
  for (const fleet::Event& event : evidence.events)
    if (event.event == word && !event.node.empty() && event.detail != "no change")
      out[event.node].push_back(event.at);
  return out;
}

/// Where the journal's events belong to the job: it was resumed for it, or Slurm says that the job ran there.
Spans spans_of(const Evidence& evidence) {
  const auto resumes = moments(evidence, "resume");
  // The life of the node that served [from, until]: called for at its beginning, or else before.
  const auto life = [&](const NodeName& node, Time from, Time until) {
    Span span{from, Time::max()};
    const auto found = resumes.find(node);
    if (found == resumes.end()) return span;
    const std::vector<Time>& calls = found->second;
    auto call = std::lower_bound(calls.begin(), calls.end(), from);
    if ((call == calls.end() || *call > until) && call != calls.begin()) --call;
    if (call != calls.end() && *call <= until) span.from = *call;
    const auto next = std::upper_bound(calls.begin(), calls.end(), std::max(span.from, until));
    if (next != calls.end()) span.until = *next;
    return span;
  };
  Spans spans;
  for (const fleet::Event& event : evidence.events)
    if (event.job == evidence.job.id && !event.node.empty())
      spans[event.node].push_back(life(event.node, event.at, event.at));
  for (const slurm::JobRecord& run : evidence.runs)
    if (run.start)
      for (const NodeName& node : run.nodes)
        spans[node].push_back(life(node, *run.start, run.end.value_or(evidence.now)));
  if (evidence.queued && evidence.queued->holds_nodes())
    for (const NodeName& node : evidence.queued->nodes)
      spans[node].push_back(life(node, evidence.now, evidence.now));
  return spans;
}

/// The node group that a node's name says: <group>-<number>.
std::string group_of(const NodeName& node) {
  return node.value.substr(0, node.value.rfind('-'));
}

/// What concerns all nodes: gates, and the parking of the job's groups; while the job waited.
bool concerns_all(const fleet::Event& event, const Spans& spans) {
  if (event.event == "gate-closed" || event.event == "gates-open") return true;
  if (event.event != "parked") return false;
  return std::any_of(spans.begin(), spans.end(), [&](const auto& entry) {
    return event.detail.starts_with(group_of(entry.first) + ": ");
  });
}

void add_journal(const Evidence& evidence, const Spans& spans, std::vector<Happening>& out) {
  std::set<IntentId> intents;
  std::set<InstanceId> instances;
  std::optional<Time> first;
  Time last{};
  std::vector<bool> mine(evidence.events.size());
  for (size_t i = 0; i < evidence.events.size(); ++i) {
    const fleet::Event& event = evidence.events[i];
    mine[i] = event.job == evidence.job.id || is_in(spans, event.node, event.at);
    if (!mine[i]) continue;
    if (!event.intent.empty()) intents.insert(event.intent);
    if (!event.instance.empty()) instances.insert(event.instance);
    if (!first) first = event.at;
    last = event.at;
  }
  if (!first && evidence.queued) first = evidence.queued->submit;
  if (evidence.queued) last = evidence.now;
  for (size_t i = 0; i < evidence.events.size(); ++i) {
    const fleet::Event& event = evidence.events[i];
    // Before an instance has its node, it is known by its launch.
    const bool of_launch =
        event.node.empty() && !event.intent.empty() && intents.contains(event.intent) &&
        (event.instance.empty() || instances.contains(event.instance) || event.event == "surplus");
    const bool meanwhile = first && *first <= event.at && event.at <= last && concerns_all(event, spans);
    if (!mine[i] && !of_launch && !meanwhile) continue;
    Happening one{.at = event.at, .source = "journal", .what = event.event, .detail = event.detail};
    if (!event.node.empty()) one.nodes.push_back(event.node);
    if (!event.instance.empty()) one.instances.push_back(event.instance);
    out.push_back(std::move(one));
  }
}

void add_slurm(const Evidence& evidence, std::vector<Happening>& out) {
  const auto add = [&](std::optional<Time> at, const char* what, std::vector<NodeName> nodes,
                       std::string detail) {
    if (at && *at <= evidence.now)
      out.push_back({.at = *at,
                     .source = "slurm",
                     .what = what,
                     .nodes = std::move(nodes),
                     .detail = std::move(detail)});
  };
  std::set<Time> submitted;
  for (const slurm::JobRecord& run : evidence.runs) {
    if (run.submit && submitted.insert(*run.submit).second)
      add(run.submit, submitted.size() == 1 ? "submitted" : "queued again", {},
          fmt::format("to {}, {} CPUs", run.partition, run.cpus));
    if (run.start) add(run.start, "allocated", run.nodes, "");
    if (run.end)
      add(run.end, "ended", run.nodes,
          run.signal ? fmt::format("{}, signal {}", run.state, run.signal)
                     : fmt::format("{}, exit code {}", run.state, run.exit_code));
  }
  if (!evidence.queued) return;
  const slurm::Job& job = *evidence.queued;
  if (job.submit && !submitted.contains(*job.submit))
    add(job.submit, "submitted", {},
        fmt::format("to {}, {} nodes, {} CPUs", job.partition, job.node_count, job.cpus));
  const bool told = std::any_of(evidence.runs.begin(), evidence.runs.end(),
                                [&](const slurm::JobRecord& run) { return run.start == job.start; });
  if (job.start && job.holds_nodes() && !told) add(job.start, "allocated", job.nodes, "");
}

void add_cloud(const Evidence& evidence, std::vector<Happening>& out) {
  std::set<InstanceId> known;
  for (const Happening& one : out) known.insert(one.instances.begin(), one.instances.end());
  for (const InstanceId& id : known) {
    const auto seen = evidence.cloud.find(id);
    if (seen == evidence.cloud.end()) continue;
    const aws::Instance& instance = seen->second;
    out.push_back({.at = instance.launched,
                   .source = "ec2",
                   .what = "launch time",
                   .instances = {id},
                   .detail = fmt::format("{} in {}, {}", instance.type, instance.zone, instance.lifecycle)});
  }
}

/// The same to many nodes within a second is one line.
std::vector<Happening> folded(std::vector<Happening> all) {
  std::stable_sort(all.begin(), all.end(),
                   [](const Happening& a, const Happening& b) { return a.at < b.at; });
  std::vector<Happening> out;
  for (Happening& one : all) {
    const auto same = std::find_if(out.rbegin(), out.rend(), [&](const Happening& before) {
      return before.source == one.source && before.what == one.what && before.detail == one.detail &&
             one.at - before.at < std::chrono::seconds{1};
    });
    if (same == out.rend()) {
      out.push_back(std::move(one));
      continue;
    }
    same->nodes.insert(same->nodes.end(), one.nodes.begin(), one.nodes.end());
    same->instances.insert(same->instances.end(), one.instances.begin(), one.instances.end());
  }
  return out;
}

std::vector<Standing> standings(const Evidence& evidence, const Spans& spans) {
  std::vector<Standing> out;
  for (const auto& [name, lives] : spans) {
    if (!std::any_of(lives.begin(), lives.end(),
                     [&](const Span& life) { return life.contains(evidence.now); }))
      continue;
    const auto node = evidence.records.nodes.find(name);
    if (node == evidence.records.nodes.end()) continue;  // it is on-premises
    const fleet::MachineRecord* machine = fleet::machine_of(evidence.records, name);
    Standing one{
        .node = name, .state = fleet::node_word(node->second, machine), .reason = node->second.reason};
    if (const auto seen = evidence.nodes.find(name); seen != evidence.nodes.end())
      one.in_slurm = slurm::to_string(seen->second.state);
    if (machine) {
      one.instance = machine->id;
      const auto instance = evidence.cloud.find(machine->id);
      if (instance != evidence.cloud.end())
        one.in_ec2 = instance->second.state +
                     (instance->second.state_reason.empty() ? "" : ": " + instance->second.state_reason);
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

Result<JobName> parse_job_name(std::string_view text) {
  const size_t bar = text.find('_');
  const auto id = parse_int(text.substr(0, bar));
  const auto index = bar == std::string_view::npos ? std::nullopt : parse_int(text.substr(bar + 1));
  if (!id || *id <= 0 || (bar != std::string_view::npos && !index))
    return Error{Kind::invalid, kNoJobName, fmt::format("{} is no job", in_quotes(text))};
  return JobName{*id, index};
}

bool is_known(const Evidence& evidence) {
  return evidence.queued || !evidence.runs.empty() ||
         std::any_of(evidence.events.begin(), evidence.events.end(),
                     [&](const fleet::Event& event) { return event.job == evidence.job.id; });
}

Story tell(const Evidence& evidence) {
  const Spans spans = spans_of(evidence);
  std::vector<Happening> all;
  add_slurm(evidence, all);
  add_journal(evidence, spans, all);
  add_cloud(evidence, all);
  Story story{.happenings = folded(std::move(all)), .nodes = standings(evidence, spans)};
  story.state = evidence.queued         ? evidence.queued->state
                : evidence.runs.empty() ? "unknown"
                                        : evidence.runs.back().state;
  story.next = next_of(evidence, story.nodes);
  return story;
}

}  // namespace spillway::insight
