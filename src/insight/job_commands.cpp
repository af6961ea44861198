#include "insight/job_commands.h"

#include "base/text.h"
#include "fleet/setup.h"
#include "insight/explain_gather.h"
#include "slurm/command_controller.h"

namespace spillway::insight {
namespace {

constexpr Code kNobodyKnows{
    "SPW-INSIGHT-002", "neither slurmctld nor slurmdbd nor the journal has heard of this job",
    "squeue and sacct -a list those that are known; a job on-premises is not in the journal"};

Result<int> explain(const Invocation& asked) {
  const JobName job = TRY(parse_job_name(asked.arguments.at(0)));
  fleet::Loaded loaded = TRY(fleet::load(asked));
  Witnesses witnesses;
  PosixRunner runner;
  slurm::CommandController slurm{
      runner, {.bin = loaded.site.cluster.slurm_bin, .slurm_conf = loaded.site.cluster.slurm_conf}};
  witnesses.slurm = &slurm;
  auto journal = fleet::Journal::open_for_reading(loaded.places.state);
  if (journal)
    witnesses.journal = &*journal;
  else
    witnesses.unseen["the journal"] = journal.error().what;
  // Whoever may not speak with AWS still learns what Slurm and the journal know.
  auto setup = fleet::Setup::make(std::move(loaded));
  if (setup) {
    witnesses.ec2 = (*setup)->outside().ec2;
    witnesses.cluster = (*setup)->policy().cluster;
  } else {
    witnesses.unseen["EC2"] = setup.error().what;
  }
  const auto patience = parse_int(asked.get("timeout")).value_or(20);
  const Evidence evidence =
      gather(witnesses, job, SystemClock{}.now(), Deadline::after(std::chrono::seconds{patience}));
  if (!is_known(evidence)) {
    Error unknown{Kind::not_found, kNobodyKnows, fmt::format("job {} is unknown", asked.arguments.at(0))};
    for (const auto& [who, why] : evidence.unseen)
      unknown.what += fmt::format("; {} was not seen: {}", who, why);
    return unknown;
  }
  const Story story = tell(evidence);
  fmt::print("{}", asked.json() ? to_json(evidence, story).dump(2) + "\n" : to_text(evidence, story));
  return 0;
}

}  // namespace

std::vector<Command> job_commands() {
  return {{.path = "job explain",
           .summary = "Tell what happened to a job and its nodes, and what is next.",
           .description = "One timeline over Slurm (squeue, sacct), EC2 and the journal: when the job's "
                          "nodes were called for, "
                          "launched, bound, addressed,\n"
                          "joined, lost and ended, what fell short, which group was parked and which gate "
                          "closed meanwhile. It "
                          "ends in what the job\n"
                          "waits for and the command that helps. Jobs that have ended are told from "
                          "slurmdbd, and jobs that Slurm "
                          "forgot from the journal.\n"
                          "Changes nothing. Who does not answer is named.",
           .positionals = {{"JOB", "Its number; 4711_3 for an element of an array."}},
           .examples = {{"sudo -u slurm spillway job explain 4711", "Why does it not start?"},
                        {"sudo -u slurm spillway job explain 4711_3 -o json", "For programs."}},
           .run = explain}};
}

}  // namespace spillway::insight
