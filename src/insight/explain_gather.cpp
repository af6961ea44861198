#include "insight/explain_gather.h"

#include <algorithm>

namespace spillway::insight {
namespace {

constexpr size_t kEventsAtMost = 1'000'000;
constexpr auto kBefore = std::chrono::minutes{1};  // a node may have been called for just before the job came

bool is(const slurm::Job& job, const JobName& name) {
  return name.index ? job.array_id == name.id && job.array_index == name.index : job.id == name.id;
}

/// Of a record's own name only: sacct gives all elements of an array.
bool is(const slurm::JobRecord& run, const JobName& name) {
  const std::string asked = name.index ? fmt::format("{}_{}", name.id, *name.index) : std::to_string(name.id);
  return run.job_id == asked || (!name.index && run.id == name.id);
}

template <class T>
std::optional<T> ask(Evidence& evidence, const char* whom, Result<T> answer) {
  if (answer) return *std::move(answer);
  evidence.unseen[whom] = answer.error().what;
  return std::nullopt;
}

void ask_slurm(Evidence& evidence, slurm::Controller& slurm, Deadline deadline) {
  const JobName name = evidence.job;
  if (const auto jobs = ask(evidence, "slurmctld", slurm.jobs(deadline)))
    for (const slurm::Job& job : *jobs)
      if (is(job, name)) evidence.queued = job;
  if (auto runs = ask(evidence, "slurmdbd", slurm.records({.ids = {name.id}, .since = {}}, deadline)))
    for (slurm::JobRecord& run : *runs)
      if (is(run, name)) evidence.runs.push_back(std::move(run));
  // The journal knows an element of an array by its own number.
  if (evidence.queued) evidence.job.id = evidence.queued->id;
  if (!evidence.queued && !evidence.runs.empty()) evidence.job.id = evidence.runs.back().id;
  if (evidence.unseen.contains("slurmctld")) return;
  if (const auto nodes = ask(evidence, "slurmctld", slurm.nodes({}, deadline)))
    for (const slurm::Node& node : *nodes) evidence.nodes.emplace(node.name, node);
}

Result<void> ask_journal(Evidence& evidence, fleet::Journal& journal) {
  std::optional<Time> first;
  const auto earlier = [&](const std::optional<Time>& at) {
    if (at && (!first || *at < *first)) first = *at;
  };
  for (const slurm::JobRecord& run : evidence.runs) earlier(run.submit);
  if (evidence.queued) earlier(evidence.queued->submit);
  evidence.events = TRY(journal.events(first ? *first - kBefore : Time{}, kEventsAtMost));
  std::stable_sort(evidence.events.begin(), evidence.events.end(),
                   [](const fleet::Event& a, const fleet::Event& b) { return a.at < b.at; });
  evidence.records = TRY(journal.load());
  if (const std::string gates = TRY(journal.gates()); !gates.empty())
    evidence.gates = TRY(Json::parse(gates));
  return {};
}

}  // namespace

Evidence gather(const Witnesses& witnesses, const JobName& job, Time now, Deadline deadline) {
  Evidence evidence{.job = job, .now = now, .gates = Json::array(), .unseen = witnesses.unseen};
  if (witnesses.slurm) ask_slurm(evidence, *witnesses.slurm, deadline);
  if (witnesses.journal)
    if (const auto read = ask_journal(evidence, *witnesses.journal); !read)
      evidence.unseen["the journal"] = read.error().what;
  for (const auto& [cloud, ec2] : witnesses.ec2)
    if (auto instances = ask(evidence, "EC2",
                             ec2->describe_instances(
                                 {aws::Filter{"tag:spillway:cluster", {witnesses.cluster.value}}}, deadline)))
      for (aws::Instance& instance : *instances) {
        const InstanceId id = instance.id;
        evidence.cloud.emplace(id, std::move(instance));
      }
  return evidence;
}

}  // namespace spillway::insight
