#pragma once
#include <filesystem>
#include <optional>
#include <set>
#include <vector>

#include "staging/job_record.h"
#include "store/database.h"

namespace spillway::staging {

/// What is known of jobs' data, SlurmUser's. Each step is written before the next is begun, and only steps of
/// the state machine (job_record.h) can be written, whoever asks: hooks, daemon and commands are processes of
/// their own.
class JobJournal {
 public:
  /// Errors: those of Database::open.
  static Result<JobJournal> open(const std::filesystem::path& path);
  static Result<JobJournal> open_for_reading(const std::filesystem::path& path);

  /// A run and its items; what is known already stays as it is, so that a hook may be run again.
  Result<void> wish(const JobData& job);
  /// All runs of a job, the newest last; by its number, or for an array's element by "40_3". Empty: unknown.
  Result<std::vector<JobData>> runs(std::string_view job);
  /// The newest run. Errors: not_found (SPW-STAGE-056).
  Result<JobData> newest(std::string_view job);
  Result<std::vector<JobData>> all();
  /// Runs that are not settled.
  Result<std::vector<JobData>> open_runs();

  /// Brings an item from the state in which it was read to `to`, with its other fields. Errors: conflict
  /// (SPW-STAGE-057: it is in another state by now, or `to` does not follow).
  Result<void> advance(const JobRun& run, Item& item, ItemState to, Time now);
  /// Notes what went wrong, and leaves the state alone.
  Result<void> note(const JobRun& run, const Item& item, std::string_view error, Time now);
  Result<void> started(const JobRun& run, const std::vector<NodeName>& nodes);
  Result<void> ended(const JobRun& run, int exit_code, Time now);
  Result<void> gave_access(const JobRun& run, Time until);

  /// Inputs that are in the bucket whole, by user and fingerprint.
  Result<bool> has_input(uid_t uid, std::string_view fingerprint);
  Result<void> keep_input(uid_t uid, std::string_view fingerprint, int64_t files, int64_t bytes, Time now);

  /// Nodes whose results are neither in the bucket nor given up.
  Result<std::set<NodeName>> nodes_to_keep();
  /// Prefixes of outputs that may be deleted: VERIFIED before `before`, and nothing else.
  Result<std::vector<std::string>> removable(Time before);

 private:
  explicit JobJournal(store::Database database) : database_(std::move(database)) {}
  Result<std::vector<JobData>> read(std::string_view where, const std::vector<store::Value>& values);
  store::Database database_;
};

}  // namespace spillway::staging
