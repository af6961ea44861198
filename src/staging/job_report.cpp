#include <signal.h>
#include <sys/signalfd.h>

#include <cstdlib>
#include <filesystem>

#include "base/json.h"
#include "base/log.h"
#include "base/user.h"
#include "staging/helper.h"
#include "staging/job_codes.h"
#include "staging/show.h"
#include "staging/stage_commands.h"
#include "staging/stage_site.h"

namespace spillway::staging {
namespace {

std::string report_text(const Json& report) {
  std::string out;
  for (const Json& run : report["runs"].items()) {
    out += fmt::format("job {} of {}, run {}.{}: {}\n", run["job"].as_string(), run["user"].as_string(),
                       run["restart"].as_int(), run["attempt"].as_int(),
                       run["settled"].as_bool() ? "settled" : "under way");
    for (const Json& item : run["items"].items()) {
      out += fmt::format("  {:<3} {:<9} {} -> {}  {} files, {}\n", item["direction"].as_string(),
                         item["state"].as_string(), item["source"].as_string(), item["target"].as_string(),
                         item["files"].as_int(), bytes_text(item["bytes"].as_int()));
      if (!item["error"].as_string().empty()) out += fmt::format("      {}\n", item["error"].as_string());
      for (const Json& name : item["lost"].items()) out += fmt::format("      LOST {}\n", name.as_string());
    }
  }
  return out;
}

/// From the journal, or where that is not ours to read, from the daemon.
Result<Json> ask_report(const Invocation& asked, const std::string& job) {
  const StagePlaces places = stage_places(asked);
  if (auto journal = JobJournal::open_for_reading(places.journal))
    return job_report(*journal, job, std::nullopt);
  const char* root = std::getenv("SPILLWAY_ROOT");
  const std::string answer = TRY(converse(std::string(root ? root : "") + "/run/spillway/control",
                                          Json::object({{"ask", "data"}, {"job", job}}).dump() + "\n",
                                          Deadline::after(std::chrono::seconds{10})));
  const Json report = TRY(Json::parse(answer));
  if (report.contains("error")) return Error{Kind::not_found, kNoSuchJob, report["error"].as_string()};
  return report;
}

}  // namespace

Result<Json> job_report(JobJournal& journal, const std::string& job, std::optional<uid_t> only) {
  Json runs = Json::array();
  for (const JobData& run : TRY(journal.runs(job)))
    if (!only || run.run.uid == *only) runs.push(to_json(run));
  if (runs.size() == 0) return Error{Kind::not_found, kNoSuchJob, fmt::format("no data of job {}", job)};
  return Json::object({{"schema", "spillway.data/v1"}, {"job", job}, {"runs", std::move(runs)}});
}

Result<int> show_job(const Invocation& asked, const std::string& job) {
  const Json report = TRY(ask_report(asked, job));
  fmt::print("{}", asked.json() ? report.dump(2) + "\n" : report_text(report));
  for (const Json& run : report["runs"].items())
    for (const Json& item : run["items"].items())
      if (item["state"].as_string() == "LOST") return exit_code(Error{Kind::partial, ""});
  return 0;
}

Result<int> run_stage_helper(const Invocation& asked) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  const Fd stop{signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
  std::error_code failed;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
  const User slurm = TRY(find_user(asked.get("slurm-user", "slurm")));
  log::info("staging", "moves jobs' data as their users, for {}", slurm.name);
  TRY(serve_moves({stage_places(asked).helper, program.string(), slurm.uid}, stop));
  return 0;
}

}  // namespace spillway::staging
