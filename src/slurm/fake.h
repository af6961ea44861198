#pragma once
#include <map>
#include <set>

#include "slurm/controller.h"

namespace spillway::slurm {

/// A working model of slurmctld's power saving, moved by a clock, for tests of what stands above the seam. It
/// keeps the same contract as the real one (controller_contract_test.cpp holds both to it).
///
///   submit ──▶ powering up ──register_node──▶ up ──finish, SuspendTime──▶ powering down ──SuspendTimeout──▶
///   off
///                   └──ResumeTimeout──▶ DOWN, in take_failed()
class FakeController final : public Controller {
 public:
  struct Settings {
    Duration resume_timeout = std::chrono::seconds{300};
    Duration suspend_time = std::chrono::seconds{400};
    Duration suspend_timeout = std::chrono::seconds{60};
    Version version{22, 5};
    int64_t resume_rate = 0;    // nodes a minute for which ResumeProgram is called; 0: no limit
    Duration slurmd_timeout{};  // until a node that does not respond is DOWN; 0: never
  };
  FakeController(Clock& clock, std::vector<NodeName> nodes)
      : FakeController(clock, std::move(nodes), Settings{}) {}
  FakeController(Clock& clock, std::vector<NodeName> nodes, Settings settings);

  // What users and machines do.

  /// A job that gets exactly these nodes: those that are off are called for. Returns its id.
  int64_t submit(const std::vector<NodeName>& nodes, const std::string& partition = "cloud") {
    return submit(nodes, partition, Duration{});
  }
  /// The same, for a job that is done when it has run for so long; 0: when finish() says so.
  int64_t submit(const std::vector<NodeName>& nodes, const std::string& partition, Duration run_time);
  /// The job is done, or cancelled; its nodes are idle.
  void finish(int64_t job);
  /// slurmctld is started anew: calls of its programs that were due are lost, and idle times begin again.
  void restart();
  /// slurmd of this node starts, if a node is expected or up, and answers at `address`.
  void register_node(const NodeName& node, const IpAddress& address) {
    register_node(node, address, clock_.now());
  }
  /// The same, by a machine that booted then: one that booted before the node was last called for is not
  /// taken. Source: Slurm, waiting_for_node_boot().
  void register_node(const NodeName& node, const IpAddress& address, Time booted_at);
  /// The machine is gone: the node does not respond any more.
  void lose(const NodeName& node);
  /// While silent, every call is unavailable.
  void be_silent(bool silent) { silent_ = silent; }
  /// While lazy, idle nodes are not suspended.
  void be_lazy(bool lazy) { lazy_ = lazy; }

  /// The node as it is now, without a question to slurmctld; it must be one.
  const Node& look(const NodeName& node) const { return machines_.at(node).node; }
  const std::map<int64_t, Job>& jobs_now() const { return jobs_; }
  /// Whether a job runs on the node.
  bool is_running_on(const NodeName& node) const;

  /// The signals that jobs were sent, oldest first: "12 TERM".
  const std::vector<std::string>& signals() const { return signals_; }

  // What ResumeProgram, SuspendProgram and ResumeFailProgram were called with since the last question.
  std::vector<NodeName> take_resumed();
  std::vector<NodeName> take_suspended();
  std::vector<NodeName> take_failed();

  Result<Version> version(Deadline deadline) override;
  Result<std::vector<Node>> nodes(const std::vector<NodeName>& only, Deadline deadline) override;
  Result<std::vector<Job>> jobs(Deadline deadline) override;
  Result<std::vector<JobRecord>> records(const RecordQuery& query, Deadline deadline) override;
  Result<void> set_addresses(const std::vector<AddressUpdate>& updates, Deadline deadline) override;
  Result<void> reset_addresses(const std::vector<NodeName>& nodes, Deadline deadline) override;
  Result<void> set_state(const std::vector<NodeName>& nodes, NodeAction action, const std::string& reason,
                         Deadline deadline) override;
  Result<void> signal_job(int64_t job, const std::string& signal, Deadline deadline) override;
  Result<void> requeue(int64_t job, Deadline deadline) override;
  Result<std::map<std::string, std::string>> configuration(Deadline deadline) override;

 private:
  struct Machine {
    Node node;
    Time since;  // of its power state, or of being idle
    Time lost_at{};
  };

  Result<void> reach(const std::vector<NodeName>& nodes);
  void advance();
  void call_for_nodes();
  void end_jobs();
  void end(int64_t job);
  void place_jobs();
  void power_up(Machine& machine);
  void power_down(Machine& machine);
  void act(Machine& machine, NodeAction action, const std::string& reason);
  void requeue_jobs_on(const NodeName& node);
  bool is_held(const NodeName& node) const;
  void settle_base(Machine& machine);
  void let_go(Machine& machine);

  Clock& clock_;
  Settings settings_;
  std::map<NodeName, Machine> machines_;
  std::map<int64_t, Job> jobs_;
  std::map<int64_t, std::vector<NodeName>>
      waiting_;  // jobs that were requeued, with the nodes that they want
  std::map<int64_t, Duration> run_times_;
  std::vector<NodeName> to_call_for_;  // at resume_rate
  Time next_call_{};
  std::vector<JobRecord> records_;
  std::set<NodeName> resumed_, suspended_, failed_;
  std::vector<std::string> signals_;
  int64_t next_job_ = 1;
  bool silent_ = false, lazy_ = false;
};

}  // namespace spillway::slurm
