#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

// What a batch script says of its data:
//
//   #SPILLWAY stage_in  SRC [DST]
//   #SPILLWAY stage_out SRC DST [on=success|always]
//
// and the same words after #BB_LUA. SRC of stage_in and DST of stage_out are on the premises, the others on
// the node; each is absolute or counts from the job's working directory. Without DST an input lies on the
// node where it lies on the premises. Results are staged whatever the exit code was, unless on=success says
// otherwise: the output of a failed job is what its author looks for.
namespace spillway::staging {

enum class Direction { in, out };
enum class When { always, success };
std::string_view to_string(Direction direction);

struct Directive {
  Direction direction = Direction::in;
  std::string source, target;
  When when = When::always;
  int line = 0;  // of the script, from 1
  bool operator==(const Directive&) const = default;
};

struct Directives {
  std::vector<Directive> all;
  std::vector<std::string> warnings;  // lines that look like directives and are none, with their numbers
  bool empty() const { return all.empty(); }
};

/// Reads the comment lines before the script's first command, as sbatch reads its own. Paths are checked, not
/// expanded. Errors: invalid (SPW-STAGE-050 to -053, -055), each with the line's number.
Result<Directives> parse_directives(std::string_view script);

/// What substitutions stand for.
struct JobNames {
  int64_t job = 0, array_job = 0;  // array_job: the array's, or the job's own
  std::optional<int64_t> task;
  std::string user;
};

/// The path with %j %A %a %u %% and $USER, $SLURM_JOB_ID, $SLURM_ARRAY_JOB_ID, $SLURM_ARRAY_TASK_ID (also
/// ${…}) replaced, made absolute in `folder`. Errors: invalid (SPW-STAGE-053: %a in a job that is no array;
/// -052).
Result<std::string> expand_path(std::string_view path, const JobNames& names, std::string_view folder);
/// The part of a path that holds no substitution, for checks before the job has a number.
std::string fixed_part(std::string_view path);

}  // namespace spillway::staging
