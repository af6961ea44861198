#include "slurm/fake.h"

#include <algorithm>

#include "base/text.h"
#include "slurm/codes.h"
#include "slurm/hostlist.h"

namespace spillway::slurm {
namespace {

using Base = NodeState::Base;

constexpr uint32_t kPower = NodeState::kPoweredDown | NodeState::kPoweringUp | NodeState::kPoweringDown |
                            NodeState::kPowerDownRequested | NodeState::kPowerUpRequested;

void set_power(NodeState& state, uint32_t flag) {
  state.flags = (state.flags & ~kPower) | flag;
}

std::vector<NodeName> take(std::set<NodeName>& names) {
  std::vector<NodeName> out(names.begin(), names.end());
  names.clear();
  return out;
}

std::string in_seconds(Duration duration) {
  return fmt::format("{} sec", std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

}  // namespace

FakeController::FakeController(Clock& clock, std::vector<NodeName> nodes, Settings settings)
    : clock_(clock), settings_(settings) {
  for (NodeName& name : nodes) {
    Machine machine{
        .node = {.name = name, .address = name.value, .hostname = name.value, .partitions = {"cloud"}},
        .since = clock.now()};
    machine.node.cpus = 2;
    machine.node.state = {.base = Base::idle, .flags = NodeState::kCloud | NodeState::kPoweredDown};
    machines_.emplace(std::move(name), std::move(machine));
  }
}

bool FakeController::is_held(const NodeName& node) const {
  return std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
    return std::count(entry.second.nodes.begin(), entry.second.nodes.end(), node) > 0;
  });
}

void FakeController::settle_base(Machine& machine) {
  if (machine.node.state.base != Base::down)
    machine.node.state.base = is_held(machine.node.name) ? Base::allocated : Base::idle;
}

void FakeController::power_up(Machine& machine) {
  set_power(machine.node.state, NodeState::kPowerUpRequested);
  machine.node.state.flags |= NodeState::kNotResponding;
  machine.since = clock_.now();
  to_call_for_.push_back(machine.node.name);
  call_for_nodes();
}

void FakeController::call_for_nodes() {
  const Time now = clock_.now();
  auto next = to_call_for_.begin();
  for (; next != to_call_for_.end() && (settings_.resume_rate == 0 || next_call_ <= now); ++next) {
    Machine& machine = machines_.at(*next);
    if (!machine.node.state.has(NodeState::kPowerUpRequested)) continue;
    set_power(machine.node.state, NodeState::kPoweringUp);
    machine.since = now;
    resumed_.insert(*next);
    if (settings_.resume_rate > 0)
      next_call_ = std::max(next_call_, now) + Duration{std::chrono::minutes{1}} / settings_.resume_rate;
  }
  to_call_for_.erase(to_call_for_.begin(), next);
}

void FakeController::power_down(Machine& machine) {
  set_power(machine.node.state, NodeState::kPoweringDown);
  machine.node.state.base = Base::idle;
  machine.since = clock_.now();
  suspended_.insert(machine.node.name);
}

/// No job holds it any more: if it is up, it is idle from now on.
void FakeController::let_go(Machine& machine) {
  settle_base(machine);
  if (machine.node.state.is_registered()) machine.since = clock_.now();
  machine.node.last_busy = clock_.now();
}

void FakeController::requeue_jobs_on(const NodeName& node) {
  for (auto& [id, job] : jobs_) {
    if (std::count(job.nodes.begin(), job.nodes.end(), node) == 0) continue;
    waiting_[id] = job.nodes;
    const std::vector<NodeName> freed = std::exchange(job.nodes, {});
    job.state = "PENDING";
    job.start.reset();
    for (const NodeName& each : freed) let_go(machines_.at(each));
  }
}

/// Everything that happened by itself since the last call.
void FakeController::advance() {
  const Time now = clock_.now();
  call_for_nodes();
  end_jobs();
  for (auto& [name, machine] : machines_) {
    NodeState& state = machine.node.state;
    if (state.has(NodeState::kPoweringUp) && now - machine.since >= settings_.resume_timeout) {
      set_power(state, NodeState::kPoweredDown);
      state.base = Base::down;
      machine.node.reason = "ResumeTimeout reached";
      failed_.insert(name);
      requeue_jobs_on(name);
    } else if (state.has(NodeState::kPowerDownRequested) && !is_held(name)) {
      power_down(machine);
    } else if (state.has(NodeState::kPoweringDown) && now - machine.since >= settings_.suspend_timeout) {
      set_power(state, NodeState::kPoweredDown);
      state.flags &= ~uint32_t{NodeState::kNotResponding};
      machine.node.address = machine.node.hostname = name.value;  // cloud_reg_addrs
      machine.node.boot_time.reset();
    } else if (settings_.slurmd_timeout > Duration{} && (state.flags & kPower) == 0 &&
               state.has(NodeState::kNotResponding) && !state.is_down() &&
               now - machine.lost_at >= settings_.slurmd_timeout) {
      state.base = Base::down;
      machine.node.reason = "Not responding";
      requeue_jobs_on(name);
    } else if (!lazy_ && state.is_registered() && state.base == Base::idle &&
               now - machine.since >= settings_.suspend_time) {
      power_down(machine);
    }
  }
  place_jobs();
}

void FakeController::end_jobs() {
  std::vector<int64_t> done;
  for (const auto& [id, job] : jobs_) {
    const auto run_time = run_times_.find(id);
    if (run_time != run_times_.end() && job.state == "RUNNING" &&
        clock_.now() - *job.start >= run_time->second)
      done.push_back(id);
  }
  for (const int64_t id : done) end(id);
}

/// Jobs that wait get their nodes, and start when all of them are there.
void FakeController::place_jobs() {
  const Time now = clock_.now();
  for (auto& [id, job] : jobs_) {
    const auto wanted = waiting_.find(id);
    if (wanted != waiting_.end() &&
        std::all_of(wanted->second.begin(), wanted->second.end(), [&](const NodeName& n) {
          const NodeState& state = machines_.at(n).node.state;
          return !state.is_down() && !state.is_draining() && !state.is_powering_down() && !is_held(n);
        })) {
      job.nodes = wanted->second;
      job.state = "CONFIGURING";
      waiting_.erase(wanted);
      for (const NodeName& name : job.nodes) {
        Machine& machine = machines_.at(name);
        if (machine.node.state.is_powered_down()) power_up(machine);
        settle_base(machine);
      }
    }
    const bool ready = std::all_of(job.nodes.begin(), job.nodes.end(), [&](const NodeName& name) {
      return machines_.at(name).node.state.is_registered();
    });
    if (job.state == "CONFIGURING" && ready) {
      job.state = "RUNNING";
      job.start = now;
    }
  }
}

int64_t FakeController::submit(const std::vector<NodeName>& nodes, const std::string& partition,
                               Duration run_time) {
  const int64_t id = next_job_++;
  jobs_[id] = {.id = id,
               .array_id = id,
               .state = "PENDING",
               .user = 1000,
               .partition = partition,
               .node_count = static_cast<int64_t>(nodes.size()),
               .cpus = static_cast<int64_t>(nodes.size()),
               .submit = clock_.now()};
  waiting_[id] = nodes;
  if (run_time > Duration{}) run_times_[id] = run_time;
  advance();
  return id;
}

void FakeController::finish(int64_t id) {
  advance();
  end(id);
}

void FakeController::end(int64_t id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  const Job job = found->second;
  jobs_.erase(found);
  waiting_.erase(id);
  run_times_.erase(id);
  records_.push_back({.id = id,
                      .job_id = std::to_string(id),
                      .state = job.start ? "COMPLETED" : "CANCELLED",
                      .nodes = job.nodes,
                      .partition = job.partition,
                      .cpus = job.cpus,
                      .submit = job.submit,
                      .eligible = job.submit,
                      .start = job.start,
                      .end = clock_.now()});
  for (const NodeName& name : job.nodes) let_go(machines_.at(name));
}

void FakeController::register_node(const NodeName& name, const IpAddress& address, Time booted_at) {
  advance();
  Machine& machine = machines_.at(name);
  NodeState& state = machine.node.state;
  if (state.is_powered_down() || state.is_powering_down()) return;  // slurmctld does not take it
  if (state.is_powering_up() && booted_at < machine.since) return;
  set_power(state, 0);
  state.flags &= ~uint32_t{NodeState::kNotResponding};
  state.base = is_held(name) ? Base::allocated : Base::idle;
  machine.node.address = address.value;
  machine.node.boot_time = machine.node.last_busy = machine.since = clock_.now();
  advance();
}

void FakeController::lose(const NodeName& name) {
  advance();
  NodeState& state = machines_.at(name).node.state;
  if (!state.is_registered()) return;
  state.flags |= NodeState::kNotResponding;
  machines_.at(name).lost_at = clock_.now();
}

void FakeController::restart() {
  advance();
  resumed_.clear();
  suspended_.clear();
  failed_.clear();
  for (auto& [name, machine] : machines_)
    if (machine.node.state.is_registered() && machine.node.state.base == Base::idle)
      machine.since = clock_.now();
}

bool FakeController::is_running_on(const NodeName& node) const {
  return std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
    const Job& job = entry.second;
    return job.state == "RUNNING" && std::count(job.nodes.begin(), job.nodes.end(), node) > 0;
  });
}

std::vector<NodeName> FakeController::take_resumed() {
  return advance(), take(resumed_);
}
std::vector<NodeName> FakeController::take_suspended() {
  return advance(), take(suspended_);
}
std::vector<NodeName> FakeController::take_failed() {
  return advance(), take(failed_);
}

Result<void> FakeController::reach(const std::vector<NodeName>& nodes) {
  if (silent_) return Error{Kind::unavailable, kSilent, "slurmctld does not answer"};
  advance();
  for (const NodeName& name : nodes)
    if (!machines_.contains(name))
      return Error{Kind::not_found, kNoSuchNode, fmt::format("Node {} not found", name)};
  return {};
}

Result<Version> FakeController::version(Deadline) {
  return settings_.version;
}

Result<std::vector<Node>> FakeController::nodes(const std::vector<NodeName>& only, Deadline) {
  TRY(reach(only));
  std::vector<Node> out;
  for (const auto& [name, machine] : machines_)
    if (only.empty() || std::count(only.begin(), only.end(), name) > 0) out.push_back(machine.node);
  return out;
}

Result<std::vector<Job>> FakeController::jobs(Deadline) {
  TRY(reach({}));
  std::vector<Job> out;
  for (const auto& [id, job] : jobs_) out.push_back(job);
  return out;
}

Result<std::vector<JobRecord>> FakeController::records(const RecordQuery& query, Deadline) {
  TRY(reach({}));
  std::vector<JobRecord> out;
  for (const JobRecord& record : records_) {
    const bool asked = std::count(query.ids.begin(), query.ids.end(), record.id) > 0;
    if (asked || (query.ids.empty() && query.since && record.end >= query.since)) out.push_back(record);
  }
  return out;
}

Result<void> FakeController::set_addresses(const std::vector<AddressUpdate>& updates, Deadline) {
  std::vector<NodeName> names;
  for (const AddressUpdate& update : updates) {
    if (std::count(names.begin(), names.end(), update.node) > 0)
      return Error{Kind::invalid, fmt::format("two addresses for {}", update.node)};
    names.push_back(update.node);
  }
  TRY(reach(names));
  for (const AddressUpdate& update : updates) {
    Node& node = machines_.at(update.node).node;
    node.address = update.address.value;
    node.hostname = update.hostname.empty() ? update.node.value : update.hostname;
  }
  return {};
}

Result<void> FakeController::reset_addresses(const std::vector<NodeName>& nodes, Deadline) {
  TRY(reach(nodes));
  for (const NodeName& name : nodes) {
    Node& node = machines_.at(name).node;
    node.address = node.hostname = name.value;
  }
  return {};
}

void FakeController::act(Machine& machine, NodeAction action, const std::string& reason) {
  NodeState& state = machine.node.state;
  const NodeName name = machine.node.name;
  switch (action) {
    case NodeAction::down:
      state.base = Base::down;
      machine.node.reason = reason;
      return requeue_jobs_on(name);
    case NodeAction::power_down:
      state.flags |= NodeState::kPowerDownRequested;
      return advance();
    case NodeAction::power_down_force:
      requeue_jobs_on(name);
      state.base = Base::idle;
      return power_down(machine);
    case NodeAction::power_up:
      if (state.is_powered_down()) power_up(machine);
      return;
    case NodeAction::resume:
      state.flags &= ~uint32_t{NodeState::kDrain | NodeState::kFail};
      machine.node.reason.clear();
      if (state.base == Base::down) state.base = Base::idle;
      return settle_base(machine);
    case NodeAction::drain:
      state.flags |= NodeState::kDrain;
      machine.node.reason = reason;
      return;
    case NodeAction::undrain:
      state.flags &= ~uint32_t{NodeState::kDrain};
      if (!state.is_down()) machine.node.reason.clear();
      return;
  }
}

Result<void> FakeController::set_state(const std::vector<NodeName>& nodes, NodeAction action,
                                       const std::string& reason, Deadline) {
  if ((action == NodeAction::down || action == NodeAction::drain) && trim(reason).empty())
    return Error{Kind::invalid, kRefused,
                 fmt::format("state={} of {} needs a reason", to_string(action), fold(nodes))};
  TRY(reach(nodes));
  for (const NodeName& name : nodes) act(machines_.at(name), action, reason);
  return {};
}

Result<void> FakeController::signal_job(int64_t job, const std::string& signal, Deadline) {
  TRY(reach({}));
  if (!jobs_.contains(job)) return Error{Kind::not_found, kNoSuchNode, fmt::format("no job {}", job)};
  signals_.push_back(fmt::format("{} {}", job, signal));
  return {};
}

Result<void> FakeController::requeue(int64_t job, Deadline) {
  TRY(reach({}));
  const auto found = jobs_.find(job);
  if (found == jobs_.end() || found->second.nodes.empty())
    return Error{Kind::not_found, kNoSuchNode, fmt::format("no job {} on any node", job)};
  requeue_jobs_on(found->second.nodes.front());
  return {};
}

Result<std::map<std::string, std::string>> FakeController::configuration(Deadline) {
  TRY(reach({}));
  return std::map<std::string, std::string>{{"ResumeTimeout", in_seconds(settings_.resume_timeout)},
                                            {"SuspendTime", in_seconds(settings_.suspend_time)},
                                            {"SuspendTimeout", in_seconds(settings_.suspend_timeout)}};
}

}  // namespace spillway::slurm
