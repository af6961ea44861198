#pragma once
#include <vector>

#include "base/command.h"
#include "staging/job_journal.h"

namespace spillway::staging {

/// `data stage …`: what Slurm's hooks call, and what people ask for.
std::vector<Command> stage_commands();
/// The same on a cloud node.
std::vector<Command> stage_node_commands();
/// `data stage run -- CMD`, for those who want only that.
Command stage_run_command();
/// `data stage hooks`: Slurm's side, to look at and to install.
Command stage_hooks_command();

/// `data status JOB`: from the journal, or by the daemon where only it may read that.
Result<int> show_job(const Invocation& asked, const std::string& job);
/// The answer to a question of the daemon's socket: the runs of a job, if they are this user's; schema
/// spillway.data/v1.
Result<Json> job_report(JobJournal& journal, const std::string& job, std::optional<uid_t> only);

/// The data's part of PrologSlurmctld: notes the job's nodes and brings its inputs into the bucket while they
/// boot. A job whose inputs cannot be had is requeued and held with the reason; failing instead would requeue
/// it again and again. Does nothing for others.
void run_data_prolog();

/// `spillway daemon --role staging`: the root helper.
Result<int> run_stage_helper(const Invocation& asked);

}  // namespace spillway::staging
