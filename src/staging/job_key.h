#pragma once
#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

// Where a job's data lies in the bucket. A key names cluster, user, job, task, restart count and attempt, so
// that whatever is repeated writes the same objects again, and whatever runs anew writes others:
//
//   <cluster>/jobs/<uid>/<job>[_<task>]/<restart>.<attempt>/out<N>/…        what the node pushed, with the
//   engine's manifest
//                                                           out<N>.listing   what it found to push: names of
//                                                           what may be lost out<N>.commit    written last:
//                                                           all of it is there
//   <cluster>/inputs/<uid>/<fingerprint>/…                                  one input, for all jobs of the
//   user that name it
namespace spillway::staging {

/// One run of a job, or of one element of an array.
struct JobRun {
  int64_t job = 0;  // its own number; `array` and `task` are how people name an element
  int64_t array = 0;
  std::optional<int64_t> task;
  uid_t uid = 0;
  int64_t restart = 0;  // SLURM_RESTART_COUNT
  int64_t attempt = 1;  // within it
  auto operator<=>(const JobRun&) const = default;

  /// "43", or "40_3".
  std::string name() const;
  /// "40_3/0.1": unique within a cluster.
  std::string id() const;
};

std::string run_prefix(std::string_view cluster, const JobRun& run);
std::string output_prefix(std::string_view cluster, const JobRun& run, int number);
std::string listing_key(std::string_view cluster, const JobRun& run, int number);
std::string commit_key(std::string_view cluster, const JobRun& run, int number);
std::string input_prefix(std::string_view cluster, uid_t uid, std::string_view fingerprint);

/// The last object that a node writes of an output: who trusts it has its manifest's hash and its counts.
struct CommitMarker {
  std::string manifest_sha256;  // hexadecimal
  int64_t files = 0, bytes = 0;
  int exit_code = 0;  // the job's
  bool operator==(const CommitMarker&) const = default;
};
std::string to_text(const CommitMarker& marker);
/// Errors: invalid.
Result<CommitMarker> read_marker(std::string_view text);

}  // namespace spillway::staging
