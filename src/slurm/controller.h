#pragma once
#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "slurm/node_state.h"

namespace spillway::slurm {

struct Version {
  int major = 0, minor = 0;  // 22, 5
  auto operator<=>(const Version&) const = default;
};

struct Node {
  NodeName name;
  NodeState state;
  std::string address;   // NodeAddr; the node's name when nothing set it
  std::string hostname;  // NodeHostName
  std::string reason;    // without the "[user@time]" that scontrol adds
  std::vector<std::string> partitions;
  int64_t cpus = 0, cpus_allocated = 0;
  int64_t memory_mib = 0, memory_allocated_mib = 0;
  std::optional<Time> boot_time, slurmd_start_time, last_busy;
  /// What slurmctld printed of this node could be read in two ways (a value holds text that looks like other
  /// fields): `state` is unknown then, and nothing may be decided on it.
  bool ambiguous = false;
  std::string version;  // of its slurmd, "22.05.8"; empty while none has registered
};

/// A job in slurmctld's memory; each element of an array is one.
struct Job {
  int64_t id = 0;                      // unique, but array_id while an element of an array waits
  int64_t array_id = 0;                // of the whole array; `id` when it is none
  std::optional<int64_t> array_index;  // its number in the array
  std::string state;                   // squeue's %T: PENDING, CONFIGURING, RUNNING, COMPLETING …
  std::vector<NodeName> nodes;         // allocated to it
  uid_t user = 0;
  std::string partition;  // or several with commas while it waits
  std::string account;
  int64_t node_count = 0, cpus = 0;
  std::optional<Time> submit, start, end;  // start and end may be slurmctld's expectation

  bool is_pending() const { return state == "PENDING"; }
  /// Its nodes are allocated but it waits for them to boot.
  bool is_configuring() const { return state == "CONFIGURING"; }
  /// It has nodes: running, about to, or letting go of them.
  bool holds_nodes() const { return !nodes.empty() && !is_pending(); }
};

/// A job in the accounting, one record for each time it ran.
struct JobRecord {
  int64_t id = 0;
  std::string job_id;  // as users write it: "12", "12_3"
  std::string state;   // first word of sacct's State: COMPLETED, CANCELLED, NODE_FAIL …
  int exit_code = 0, signal = 0;
  std::vector<NodeName> nodes;
  std::string partition, account;
  std::string user;  // name as sacct knows it
  int64_t cpus = 0, elapsed_s = 0;
  std::optional<Time> submit, eligible, start, end;
};

/// Which records: these jobs (arrays by their array id), or all since a moment; both may be given.
struct RecordQuery {
  std::vector<int64_t> ids;
  std::optional<Time> since;
  bool every_run = true;  // a requeued job's earlier runs too
};

struct AddressUpdate {
  NodeName node;
  IpAddress address;
  std::string hostname;  // NodeHostName; empty: the node's name
  auto operator<=>(const AddressUpdate&) const = default;
};

enum class NodeAction {
  down,              // jobs on it are requeued or killed; needs a reason
  power_down,        // after its jobs
  power_down_force,  // now; also out of DOWN and POWERING_UP
  power_up,
  resume,  // out of DOWN, DRAIN or FAIL
  drain,   // needs a reason
  undrain,
};
std::string_view to_string(NodeAction action);

/// Slurm's controller as Spillway sees it: what scontrol, squeue and sacct can ask and order.
/// Every call can fail with: unavailable (SPW-SLURM-010: slurmctld silent), timeout (SPW-SLURM-011), denied
/// (SPW-SLURM-012), not_found (SPW-SLURM-013 no such node, -014 no such program), invalid (SPW-SLURM-015
/// Slurm refused the order), internal (SPW-SLURM-016 output that cannot be read).
class Controller {
 public:
  virtual ~Controller() = default;

  /// Slurm's version; asked once, then remembered.
  virtual Result<Version> version(Deadline deadline) = 0;

  /// These nodes, or all when `only` is empty, sorted by name. Errors: not_found when one of `only` is none.
  virtual Result<std::vector<Node>> nodes(const std::vector<NodeName>& only, Deadline deadline) = 0;

  /// Every job that slurmctld holds, finished ones that it still remembers left out.
  virtual Result<std::vector<Job>> jobs(Deadline deadline) = 0;

  /// Accounting records, in sacct's order. Errors: unavailable when slurmdbd is silent.
  virtual Result<std::vector<JobRecord>> records(const RecordQuery& query, Deadline deadline) = 0;

  /// Tells Slurm where each node answers until its next power-down: batches of sorted pairs, read back and
  /// compared. Safe to repeat. Errors: conflict (SPW-SLURM-017) naming the nodes that differ afterwards.
  /// Source: scontrol(1), NodeAddr, NodeHostname.
  virtual Result<void> set_addresses(const std::vector<AddressUpdate>& updates, Deadline deadline) = 0;

  /// Sets NodeAddr and NodeHostName back to the node's own name, so that the next boot starts clean.
  virtual Result<void> reset_addresses(const std::vector<NodeName>& nodes, Deadline deadline) = 0;

  /// Orders a change of state, in batches. power_down_force falls back on what the version has: before 21.08
  /// that is POWER_DOWN, which has no effect on a node that powers up before its ResumeTimeout. Errors:
  /// invalid when down or drain come without `reason`.
  virtual Result<void> set_state(const std::vector<NodeName>& nodes, NodeAction action,
                                 const std::string& reason, Deadline deadline) = 0;

  /// Sends a signal to the job's batch script and steps. Source: scancel(1), --full.
  virtual Result<void> signal_job(int64_t job, const std::string& signal, Deadline deadline) = 0;
  /// Ends the job and puts it back into the queue. Errors: invalid when its owner forbade that
  /// (--no-requeue).
  virtual Result<void> requeue(int64_t job, Deadline deadline) = 0;

  /// `scontrol show config`: SuspendTime, ResumeTimeout, SlurmctldParameters … as printed there.
  virtual Result<std::map<std::string, std::string>> configuration(Deadline deadline) = 0;
};

}  // namespace spillway::slurm
