#include <cstdlib>

#include "base/log.h"
#include "base/text.h"
#include "slurm/hostlist.h"
#include "staging/stage_commands.h"
#include "staging/stage_site.h"

namespace spillway::staging {
namespace {

constexpr auto kSlurmPatience = std::chrono::seconds{20};
constexpr auto kStagePatience = std::chrono::hours{24};  // as long as Slurm lets a burst buffer stage

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Result<void> stage(StageSite& site, Runner& runner, const std::string& job) {
  const int64_t number = parse_int(job).value_or(0);
  const auto known = site.journal().newest(job);
  if (!known) {
    const JobFacts facts = TRY(ask_slurm(runner, site.facts(), number, "", Deadline::after(kSlurmPatience)));
    if (!TRY(site.stager().wish(facts))) return {};
  }
  const auto nodes = TRY(slurm::expand(variable("SLURM_JOB_NODELIST")));
  TRY(site.stager().started(job, parse_int(variable("SLURM_RESTART_COUNT")).value_or(0), nodes));
  return site.stager().stage_in(job, Deadline::after(kStagePatience));
}

/// By Slurm's own program; what it says of it is for the log.
void hold(StageSite& site, Runner& runner, const std::string& job, const Error& error) {
  std::string reason = fmt::format("comment=spillway: {} {}", error.code, error.what);
  for (char& c : reason)
    if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\'') c = ' ';
  const std::string scontrol = site.facts().slurm_bin + "/scontrol";
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{scontrol, "update", "jobid=" + job, reason.substr(0, 500)},
        {scontrol, "requeuehold", job}}) {
    Program program{words};
    if (!site.facts().slurm_conf.empty()) program.env.push_back("SLURM_CONF=" + site.facts().slurm_conf);
    const auto done = runner.run(program, Deadline::after(kSlurmPatience));
    if (!done || done->exit_code != 0)
      log::error("staging", "job {}: cannot be held: {}", job, done ? done->err : done.error().what);
  }
}

}  // namespace

void run_data_prolog() {
  const std::string job = variable("SLURM_JOB_ID");
  Invocation asked;
  const StagePlaces places = stage_places(asked);
  std::error_code failed;
  if (job.empty() || !std::filesystem::exists(places.config, failed)) return;
  const auto site = StageSite::open(asked);
  if (!site) return log::debug("staging", "{}", to_string(site.error()));
  PosixRunner runner;
  const auto staged = stage(**site, runner, job);
  if (staged) return;
  log::error("staging", "job {}: {}", job, to_string(staged.error()));
  // A Slurm that did not answer says nothing of the job's data.
  if (!(*site)->journal().newest(job)) return;
  hold(**site, runner, job, staged.error());
}

}  // namespace spillway::staging
