#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace spillway::fleet {

/// How this program was called when it was called as one of Slurm's hooks.
struct HookCall {
  enum class Name { resume, suspend, resume_fail, prolog_slurmctld, change_state, generate_conf };
  Name name = Name::resume;
  std::string folder;  // of the link, where a plugin v2 site keeps config.json and partitions.json
};

/// The hook that a program path stands for, if any: its last part, with or without ".py". slurmctld passes
/// only the last part as argv[0], so the path is AT_EXECFN's.
std::optional<HookCall> hook_call(std::string_view program_path);

/// Records Slurm's wish and returns: writes one file, wakes the daemon, opens no database, calls nobody.
/// Without a daemon and with config.json beside the link it starts a detached `reconcile --until-settled`.
/// Returns the exit code for slurmctld.
int run_wish_hook(const HookCall& call, const std::vector<std::string>& arguments);

/// PrologSlurmctld: returns when the job's cloud nodes are up, or the job no longer waits, or nobody can
/// tell; then runs the site's own prolog, if there is one, in its place. The exit code is that prolog's, else
/// 0.
int run_prolog_hook(const HookCall& call, const std::string& site_prolog);

}  // namespace spillway::fleet
