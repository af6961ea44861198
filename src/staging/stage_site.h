#pragma once
#include <filesystem>
#include <memory>

#include "aws/stack.h"
#include "base/command.h"
#include "staging/move_as.h"
#include "staging/stager.h"

namespace spillway::staging {

/// Where staging keeps what it keeps. SPILLWAY_ROOT, if set, stands before every path.
struct StagePlaces {
  std::filesystem::path config, journal, locks, site, cluster_id, helper, node;
};
StagePlaces stage_places(const Invocation& asked);

/// What the bucket's side of staging needs to know of the site.
struct StageFacts {
  StagerSettings settings;
  BucketPlace place;
  std::string profile, role_arn, slurm_bin, slurm_conf;
  int64_t keep_days = 14;
};

/// The premises' side, wired from the configuration and from what apply made. Not copyable: others borrow its
/// parts.
class StageSite {
 public:
  /// Errors: those of config::load_site; invalid (no bucket, no cluster id); those of JobJournal::open.
  static Result<std::unique_ptr<StageSite>> open(const Invocation& asked);
  StageSite(const StageSite&) = delete;
  StageSite& operator=(const StageSite&) = delete;
  Stager& stager() { return *stager_; }
  JobJournal& journal() { return *journal_; }
  const StageFacts& facts() const { return facts_; }
  const StagePlaces& places() const { return places_; }

 private:
  StageSite() = default;
  StagePlaces places_;
  StageFacts facts_;
  SystemClock clock_;
  std::optional<JobJournal> journal_;
  std::unique_ptr<aws::Stack> stack_;
  std::unique_ptr<aws::S3> bucket_;
  std::unique_ptr<Access> access_;
  std::unique_ptr<Mover> mover_;
  std::unique_ptr<Stager> stager_;
};

/// Nothing is known of nodes: the daemon concludes from them, a command does not.
NodeLook nothing_seen(const NodeName& name);

/// What Slurm says of a job, by squeue and `scontrol write batch_script`. Errors: not_found; those of the
/// programs.
Result<JobFacts> ask_slurm(Runner& runner, const StageFacts& facts, int64_t job,
                           const std::string& script_file, Deadline deadline);
/// Reads squeue's answer; the widths are those that ask_slurm asks for. Errors: invalid.
Result<JobFacts> read_squeue(std::string_view line);

}  // namespace spillway::staging
