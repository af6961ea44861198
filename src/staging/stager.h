#pragma once
#include <functional>
#include <string>

#include "aws/s3.h"
#include "staging/job_access.h"
#include "staging/job_journal.h"
#include "staging/mover.h"

namespace spillway::staging {

/// What Slurm tells of a job.
struct JobFacts {
  JobRun run;
  gid_t gid = 0;
  std::string user, folder, script;
};

/// What is known of a node at a look: the machine that it is now, if there is one, and whether Slurm has jobs
/// there.
struct NodeLook {
  std::string instance;  // empty: none
  bool live = false, busy = false;
};
using NodesLook = std::function<NodeLook(const NodeName&)>;

struct StagerSettings {
  std::string cluster, bucket, region, compute_role_id;
  std::filesystem::path locks;  // folder in which an input's upload is locked; empty: nobody else uploads
  Duration renew_before =
      std::chrono::minutes{30};  // a node's session is renewed while it is good for so long
  Duration commit_wait =
      std::chrono::hours{2};  // after its job's end, a node that still lives has this to commit its results
};

/// The premises' side of jobs' data: from the wish to the verified result. Every step is journaled before the
/// next, so it can be killed anywhere and called again; what is done is not done twice.
class Stager {
 public:
  Stager(JobJournal& journal, aws::S3& bucket, Access& access, Mover& mover, Clock& clock,
         StagerSettings settings)
      : journal_(journal),
        bucket_(bucket),
        access_(access),
        mover_(mover),
        clock_(clock),
        settings_(std::move(settings)) {}

  /// Takes a job's directives into the journal; one without any leaves no trace. Safe to repeat. Errors:
  /// those of parse_directives and expand_path.
  Result<bool> wish(const JobFacts& facts);
  /// Brings the inputs of the job's newest run into the bucket, as its user; an input that is there already
  /// is not sent again. Errors: conflict (SPW-STAGE-059); those of the mover.
  Result<void> stage_in(std::string_view job, Deadline deadline);

  /// Slurm gave the job these nodes: a run of its own, and each node may know what to do.
  /// Errors: invalid (SPW-STAGE-065: results, and more than one node).
  Result<void> started(std::string_view job, int64_t restart, const std::vector<NodeName>& nodes);
  Result<void> ended(std::string_view job, int exit_code);
  /// Writes orders for nodes whose machine is known and whose session is old or none; withdraws those of runs
  /// that are over.
  Result<void> tend_orders(const NodesLook& look, Deadline deadline);

  /// One look at a run's results: markers are read, what is committed is pulled and verified, what can come
  /// no more is LOST by name. Errors: unavailable (SPW-STAGE-061: not committed yet; ask again), partial
  /// (SPW-STAGE-058: something is LOST), those of the mover.
  Result<void> stage_out(const JobRun& run, const NodesLook& look, Deadline deadline);
  /// Looks at markers only, of all runs: what is committed or lost is journaled, nothing is moved. Returns
  /// runs with something to pull.
  Result<std::vector<JobRun>> tend_markers(const NodesLook& look, Deadline deadline);

 private:
  Result<void> stage_in_one(const JobData& job, Item& item, Deadline deadline);
  Result<void> look_for_marker(const JobData& job, Item& item, const NodesLook& look, Deadline deadline);
  Result<void> pull(const JobData& job, Item& item, Deadline deadline);
  Result<void> give_up(const JobData& job, Item& item, std::string_view why, Deadline deadline);
  /// Journals the error, and gives it back.
  Error keep_note(const JobData& job, Item& item, Error error);

  JobJournal& journal_;
  aws::S3& bucket_;
  Access& access_;
  Mover& mover_;
  Clock& clock_;
  const StagerSettings settings_;
};

}  // namespace spillway::staging
