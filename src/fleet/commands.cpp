#include "fleet/commands.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/log.h"
#include "base/text.h"
#include "fleet/daemon.h"
#include "fleet/data_watch.h"
#include "fleet/node_commands.h"
#include "fleet/setup.h"
#include "fleet/status.h"
#include "staging/stage_commands.h"

namespace spillway::fleet {
namespace {

constexpr Code kNotOwner{"SPW-FLEET-009", "the journal is written by one user, SlurmUser",
                         "run it as that user: sudo -u slurm spillway reconcile"};
Duration timeout_of(const Invocation& asked, Duration otherwise) {
  const auto seconds = parse_int(asked.get("timeout"));
  return seconds ? Duration{std::chrono::seconds{*seconds}} : otherwise;
}

/// SIGTERM and SIGINT as something to poll.
Fd stop_signal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return Fd{signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
}

/// What must be right before a cluster is looked after: its folder is there (a plugin v2 site has no package
/// to make it), and is ours, for what root writes there its owner cannot write again.
Result<void> prepare(const Loaded& loaded) {
  if (loaded.site.plugin_v2) {
    std::error_code failed;
    std::filesystem::create_directories(loaded.places.spool, failed);
    if (failed) return system_error("make the folder", loaded.places.spool, failed.value());
  }
  struct stat folder {};
  const auto state = loaded.places.state.parent_path();
  if (stat(state.c_str(), &folder) == 0 && folder.st_uid != geteuid())
    return Error{Kind::denied, kNotOwner,
                 fmt::format("{} belongs to user {}, not {}", state.string(), folder.st_uid, geteuid())};
  return {};
}

/// A plugin v2 site's log is where its config.json says, with its level; on a terminal, people read along.
void open_log(const Invocation& asked, const config::Site& site) {
  if (!site.plugin_v2 || asked.terminal) return;
  using log::Level;
  const std::string& level = site.plugin.log_level;
  log::set_level(level == "DEBUG"     ? Level::debug
                 : level == "INFO"    ? Level::info
                 : level == "WARNING" ? Level::warning
                                      : Level::error);
  if (!log::set_file(site.plugin.log_file.string()))
    log::warning("config", "cannot write LogFileName {}", site.plugin.log_file.string());
}

/// Starts `data stage out` for a run and lets go of it; the next daemon finds it at work.
void start_fetch(const staging::JobRun& run, const std::string& config) {
  const std::string job = std::to_string(run.job);
  const pid_t child = fork();
  if (child < 0) return;
  if (child > 0) {
    waitpid(child, nullptr, 0);
    return;
  }
  setsid();
  if (fork() != 0) _exit(0);  // the grandchild belongs to init
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const std::array<const char*, 10> argv = {"spillway",  "data",     "stage",        "out",    "--job",
                                            job.c_str(), "--config", config.c_str(), "--once", nullptr};
  execv("/proc/self/exe", const_cast<char* const*>(argv.data()));
  _exit(127);
}

/// Jobs' data is looked after where there is a bucket for it.
struct Data {
  std::unique_ptr<staging::StageSite> site;
  std::optional<DataWatch> watch;
};
Result<Data> watch_data(const Loaded& loaded, const std::string& config, Outside& outside) {
  Data out;
  if (loaded.site.plugin_v2 || loaded.site.data.bucket.empty()) return out;
  Invocation asked;
  asked.options["config"] = config;
  out.site = TRY(staging::StageSite::open(asked));
  out.watch.emplace(out.site->stager(), out.site->journal(), outside.clock,
                    [config](const staging::JobRun& run) { start_fetch(run, config); });
  return out;
}

/// Looks after the cluster until `until`, from the moment that this process is the one to do so.
Result<Pass> look_after(Loaded loaded, Until until, const Fd& stop, Deadline deadline) {
  const Places places = loaded.places;
  auto setup = TRY(Setup::make(std::move(loaded)));
  const Spool spool{places.spool};
  Data data = TRY(watch_data(setup->loaded(), places.config.string(), setup->outside()));
  if (data.watch)
    setup->outside().inputs = [&] { return Inputs{.staging_out = data.watch->nodes_to_keep()}; };
  for (;;) {
    Journal journal = TRY(Journal::open(places.state));
    for (const auto& [id, machine] : TRY(journal.load()).machines) TRY(setup->reach(machine.cloud));
    Reconciler reconciler{journal, spool, setup->outside(), setup->policy()};
    Daemon daemon = TRY(Daemon::start(places, reconciler, setup->outside().slurm, setup->outside().clock,
                                      pace_of(setup->loaded().fleet)));
    if (data.site)
      daemon.answer_data([&](const std::string& job, std::optional<uid_t> only) {
        return staging::job_report(data.site->journal(), job, only);
      });
    log::info("daemon", "looks after cluster {} ({})", setup->policy().cluster_name, setup->policy().cluster);
    const auto ended = daemon.run(stop, places.state, until, deadline, [&] {
      if (auto counted = journal.add_api_calls(setup->calls_since_last()); !counted)
        log::error("daemon", "{}", to_string(counted.error()));
      if (data.watch) data.watch->tend(reconciler.world());
    });
    if (ended || ended.error().kind != Kind::conflict) return ended;
    log::warning("daemon", "{}; starting with a new one", ended.error().what);
  }
}

Result<int> run_daemon(const Invocation& asked) {
  const Fd stop = stop_signal();
  Loaded loaded = TRY(load(asked));
  open_log(asked, loaded.site);
  for (const std::string& warning : loaded.site.partitions.warnings) log::warning("config", "{}", warning);
  TRY(prepare(loaded));
  const Lock lock = TRY(Lock::take(loaded.places.lock()));
  TRY(look_after(std::move(loaded), Until::stopped, stop, Deadline::never()));
  return 0;
}

/// The lock, or nothing when another process has it and was woken. Waits while the holder is on its way out:
/// it listens no more and may not have seen the newest wish.
Result<std::optional<Lock>> lock_or_wake(const Places& places, SystemClock& clock) {
  const Deadline patience = Deadline::after(std::chrono::seconds{30});
  for (;;) {
    auto lock = Lock::take(places.lock());
    if (lock) return std::optional<Lock>{*std::move(lock)};
    if (lock.error().kind != Kind::conflict || patience.expired()) return lock.error();
    if (poke(places.wake())) return std::optional<Lock>{};
    clock.sleep_for(std::chrono::milliseconds{50});
  }
}

Result<int> run_reconcile(const Invocation& asked) {
  signal(SIGPIPE, SIG_IGN);
  const Fd no_stop;  // a signal ends it at once, which is safe at any moment
  SystemClock clock;
  const Loaded loaded = TRY(load(asked));
  open_log(asked, loaded.site);
  TRY(prepare(loaded));
  const Deadline deadline = Deadline::after(timeout_of(asked, std::chrono::minutes{15}));
  const Until until = asked.has("until-settled") ? Until::settled : Until::one_pass;
  for (;;) {
    const std::optional<Lock> lock = TRY(lock_or_wake(loaded.places, clock));
    if (!lock) {
      fmt::print(stderr, "Another process looks after this cluster; it was woken.\n");
      return 0;
    }
    const Pass last = TRY(look_after(loaded, until, no_stop, deadline));
    // Whoever wrote a wish after the last look found nobody listening by now, or was heard by nobody.
    if (until == Until::one_pass || TRY(Spool{loaded.places.spool}.read()).wishes.empty())
      return last.trouble ? exit_code(*last.trouble) : 0;
  }
}

Result<int> run_status(const Invocation& asked) {
  Journal journal = TRY(journal_to_read(asked));
  if (asked.has("events")) {
    Time since{};
    if (asked.has("since")) since = TRY(parse_iso8601(asked.get("since")));
    const Json report = TRY(events_report(journal, since));
    fmt::print("{}\n", asked.json() ? report.dump() : events_text(report));
    return 0;
  }
  const Json report = TRY(status_report(journal, SystemClock{}.now()));
  fmt::print("{}\n", asked.json() ? report.dump(2) : status_text(report));
  return report["troubles"].items().empty() ? 0 : 4;
}

}  // namespace

std::vector<Command> commands() {
  std::vector<Command> all = {
      {.path = "daemon",
       .summary = "Look after the cluster until stopped.",
       .description = "Takes the wishes of Slurm's hooks, launches, joins and ends instances, and keeps the "
                      "journal. Runs as SlurmUser; the unit\n"
                      "spillwayd.service starts it. It may be killed at any moment: the next start goes on "
                      "from the journal, EC2 and Slurm.\n"
                      "SIGTERM ends it after the pass under way.",
       .examples = {{"spillway daemon -v", "Run it in a terminal and tell each step."}},
       .run = run_daemon},
      {.path = "reconcile",
       .summary = "Look and act once, or until nothing is in motion.",
       .description = "What the daemon does in its loop. With a daemon running it only wakes that one.",
       .options = {{"--until-settled", "",
                    "Go on until nothing is in motion, 15 minutes at most (--timeout).", "", ""}},
       .examples = {{"spillway reconcile --until-settled", "Bring everything to rest."}},
       .run = run_reconcile},
      {.path = "status",
       .summary = "Show what is in the cloud, what is under way and what is wrong.",
       .description = "Exit code 4 when something is wrong. Reads the journal; asks nobody.",
       .options = {{"--events", "", "Show everything that happened instead.", "", ""},
                   {"--since", "TIME", "With --events: from this moment on, as 2026-11-22T21:54:03Z.", "",
                    ""}},
       .examples = {{"spillway status -o json", "For a monitor."},
                    {"spillway status --events --since 2026-11-22T02:00:00Z", "What happened last night."}},
       .run = run_status},
  };
  for (Command& command : node_commands()) all.push_back(std::move(command));
  return all;
}

}  // namespace spillway::fleet
