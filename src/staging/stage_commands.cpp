#include "staging/stage_commands.h"

#include <unistd.h>

#include <iostream>
#include <iterator>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "slurm/hostlist.h"
#include "staging/job_codes.h"
#include "staging/stage_site.h"

namespace spillway::staging {
namespace {

constexpr auto kSlurmPatience = std::chrono::seconds{20};
constexpr auto kLook = std::chrono::seconds{2};  // between looks for a commit marker

Deadline deadline_of(const Invocation& asked) {
  const auto seconds = parse_int(asked.get("timeout"));
  return seconds ? Deadline::after(std::chrono::seconds{*seconds}) : Deadline::after(std::chrono::hours{24});
}

Result<int64_t> job_of(const Invocation& asked) {
  const auto job = parse_int(asked.get("job"));
  if (!job || *job < 1)
    return Error{Kind::invalid, fmt::format("--job {}: it is a job's number", in_quotes(asked.get("job")))};
  return *job;
}

Result<std::string> script_at(const std::string& path) {
  if (path != "-") return read_file(path);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

Result<int> check(const Invocation& asked) {
  const Directives found = TRY(parse_directives(TRY(script_at(asked.arguments.at(0)))));
  for (const std::string& warning : found.warnings) fmt::print(stderr, "warning: {}\n", warning);
  for (const Directive& one : found.all)
    fmt::print("{}: {} {} {}{}\n", one.line, one.direction == Direction::in ? "stage_in" : "stage_out",
               one.source, one.target, one.when == When::success ? " on=success" : "");
  return 0;
}

/// A job that Slurm runs is in the journal from its first hook on, whichever that is.
Result<bool> take_wish(StageSite& site, const Invocation& asked) {
  const int64_t job = TRY(job_of(asked));
  const auto known = site.journal().newest(std::to_string(job));
  if (known) return true;
  if (known.error().kind != Kind::not_found) return known.error();
  PosixRunner runner;
  return site.stager().wish(
      TRY(ask_slurm(runner, site.facts(), job, asked.get("script"), Deadline::after(kSlurmPatience))));
}

Result<int> wish(const Invocation& asked) {
  const auto site = TRY(StageSite::open(asked));
  TRY(take_wish(*site, asked));
  return 0;
}

Result<int> stage_in(const Invocation& asked) {
  const auto site = TRY(StageSite::open(asked));
  if (!TRY(take_wish(*site, asked))) return 0;
  TRY(site->stager().stage_in(std::to_string(TRY(job_of(asked))), deadline_of(asked)));
  return 0;
}

Result<int> began(const Invocation& asked) {
  const auto site = TRY(StageSite::open(asked));
  if (!TRY(take_wish(*site, asked))) return 0;
  const auto nodes = TRY(slurm::expand(asked.get("nodes")));
  TRY(site->stager().started(asked.get("job"), parse_int(asked.get("restart")).value_or(0), nodes));
  return 0;
}

Result<int> ended(const Invocation& asked) {
  const auto site = TRY(StageSite::open(asked));
  const auto done = site->stager().ended(asked.get("job"),
                                         static_cast<int>(parse_int(asked.get("exit-code")).value_or(-1)));
  if (!done && done.error().kind != Kind::not_found) return done.error();
  return 0;
}

Result<int> stage_out(const Invocation& asked) {
  const auto site = TRY(StageSite::open(asked));
  auto found = site->journal().newest(asked.get("job"));
  if (!found && found.error().kind == Kind::not_found) return 0;  // a job without data
  if (!found) return found.error();
  const JobRun run = found->run;
  const Deadline deadline = deadline_of(asked);
  SystemClock clock;
  for (;;) {
    const auto out = site->stager().stage_out(run, nothing_seen, deadline);
    if (out) return 0;
    if (out.error().code != kNotCommitted.id || asked.has("once") || deadline.expired()) return out.error();
    clock.sleep_for(kLook);
  }
}

Result<int> teardown(const Invocation& asked) {
  // Slurm forgets the job; we do not: what is not VERIFIED stays in the bucket, whoever asks.
  log::info("staging", "Slurm tears down job {}{}", asked.get("job"),
            asked.has("hurry") ? ", in a hurry" : "");
  return 0;
}

Option job_option() {
  return {"--job", "ID", "The job's number.", "", ""};
}

}  // namespace

std::vector<Command> stage_commands() {
  return {
      {.path = "data stage check",
       .summary = "Read a batch script's directives as they are read at submission.",
       .description = "Prints what they ask for, or says what is wrong, with the line. Lines:\n"
                      "  #SPILLWAY stage_in SRC [DST]\n"
                      "  #SPILLWAY stage_out SRC DST [on=success|always]\n"
                      "and the same words after #BB_LUA, before the first command. SRC of stage_in and DST "
                      "of stage_out are\n"
                      "directories on the premises, the others on the node, from the job's working "
                      "directory. %j %A %a %u and $USER,\n"
                      "$SLURM_JOB_ID, $SLURM_ARRAY_JOB_ID, $SLURM_ARRAY_TASK_ID are replaced.",
       .positionals = {{"SCRIPT", "The batch script, or - for standard input."}},
       .examples = {{"spillway data stage check job.sh", "Before sbatch."}},
       .run = check},
      {.path = "data stage in",
       .summary = "Bring a job's inputs into the bucket, as its user.",
       .description = "Called by Slurm's hooks as SlurmUser; safe to repeat. An input that is there already "
                      "is not sent again.",
       .options =
           {
               job_option(),
               {"--script", "FILE", "The batch script; else Slurm is asked.", "", ""},
           },
       .examples = {{"sudo -u slurm spillway data stage in --job 4711", "Try again by hand."}},
       .run = stage_in},
      {.path = "data stage out",
       .summary = "Bring a job's results home: wait for the node's commit, fetch, verify.",
       .description = "Works with the node gone. Exit code 8 when something is LOST; `spillway data status "
                      "JOB` names it.",
       .options = {job_option(), {"--once", "", "Do not wait for a commit.", "", ""}},
       .examples = {{"sudo -u slurm spillway data stage out --job 4711", "Try again by hand."}},
       .run = stage_out},
      {.path = "data stage wish",
       .summary = "Note what data a job wants.",
       .options = {job_option(), {"--script", "FILE", "The batch script; else Slurm is asked.", "", ""}},
       .hidden = true,
       .run = wish},
      {.path = "data stage began",
       .summary = "Note that Slurm gave a job its nodes.",
       .options = {job_option(),
                   {"--script", "FILE", "The batch script; else Slurm is asked.", "", ""},
                   {"--nodes", "HOSTLIST", "Its nodes.", "", ""},
                   {"--restart", "N", "SLURM_RESTART_COUNT.", "0", ""}},
       .hidden = true,
       .run = began},
      {.path = "data stage ended",
       .summary = "Note that a job is over.",
       .options = {job_option(), {"--exit-code", "N", "Of its batch script.", "", ""}},
       .hidden = true,
       .run = ended},
      {.path = "data stage teardown",
       .summary = "Note that Slurm forgets a job; deletes nothing.",
       .options = {job_option(), {"--hurry", "", "Slurm wants no stage-out.", "", ""}},
       .hidden = true,
       .run = teardown},
  };
}

}  // namespace spillway::staging
