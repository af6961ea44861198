#include "base/file.h"
#include "base/text.h"
#include "base/user.h"
#include "staging/job_codes.h"
#include "staging/stage_site.h"

namespace spillway::staging {
namespace {

// Numbers first, and the folder, which may hold anything, last: a job's name, which its user chooses, is not
// among them.
constexpr const char* kFormat =
    "JobID:20,UserID:20,GroupID:20,ArrayJobID:20,ArrayTaskID:20,RestartCnt:20,WorkDir:4096";
constexpr size_t kWidth = 20, kNumbers = 6;

Result<std::string> run(Runner& runner, const StageFacts& facts, const std::string& program,
                        std::vector<std::string> arguments, Deadline deadline) {
  Program command{{facts.slurm_bin + "/" + program}};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  if (!facts.slurm_conf.empty()) command.env.push_back("SLURM_CONF=" + facts.slurm_conf);
  const Finished done = TRY(runner.run(command, deadline));
  if (done.exit_code != 0)
    return Error{Kind::unavailable, fmt::format("{}: {}", program, in_quotes(trim(done.err), 500))};
  return done.out;
}

}  // namespace

Result<JobFacts> read_squeue(std::string_view line) {
  if (line.size() <= kWidth * kNumbers) return Error{Kind::invalid, "squeue's line is too short"};
  int64_t numbers[kNumbers] = {};
  for (size_t i = 0; i < kNumbers; ++i) {
    const std::string_view word = trim(line.substr(i * kWidth, kWidth));
    const auto number = parse_int(word);
    if (!number && i != 4)
      return Error{Kind::invalid, fmt::format("squeue's field {} is {}", i + 1, in_quotes(word))};
    numbers[i] = number.value_or(-1);
  }
  JobFacts out;
  out.run = {.job = numbers[0],
             .array = numbers[3],
             .task = numbers[4] >= 0 ? std::optional(numbers[4]) : std::nullopt,
             .uid = static_cast<uid_t>(numbers[1]),
             .restart = numbers[5]};
  out.gid = static_cast<gid_t>(numbers[2]);
  out.folder = std::string(trim(line.substr(kWidth * kNumbers)));
  if (!out.folder.starts_with('/')) return Error{Kind::invalid, "squeue names no working directory"};
  return out;
}

Result<JobFacts> ask_slurm(Runner& runner, const StageFacts& facts, int64_t job,
                           const std::string& script_file, Deadline deadline) {
  const std::string text =
      TRY(run(runner, facts, "squeue", {"-h", "-a", "-j", std::to_string(job), "-O", kFormat}, deadline));
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) continue;
    JobFacts out = TRY(read_squeue(line));
    if (out.run.job != job) continue;  // another element of the array
    out.user = TRY(find_user(out.run.uid)).name;
    out.script = script_file.empty() ? TRY(run(runner, facts, "scontrol",
                                               {"write", "batch_script", std::to_string(job), "-"}, deadline))
                                     : TRY(read_file(script_file));
    return out;
  }
  return Error{Kind::not_found, kNoSuchJob, fmt::format("Slurm has no job {}", job)};
}

}  // namespace spillway::staging
