#include "site/slurm_install.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"

namespace spillway::site {
namespace {
namespace fs = std::filesystem;

constexpr Code kRefusedBySlurm{
    "SPW-SITE-018", "a second slurmctld, given the new files and a copy of the state, did not start",
    "mend what its log names above; nothing was changed"};
constexpr Code kRolledBack{"SPW-SITE-019",
                           "slurmctld did not answer with the new files, so the old ones are back",
                           "read slurmctld's log, mend what it names, then: spillway apply"};
constexpr auto kTrial = std::chrono::seconds{30};
constexpr auto kAnswer = std::chrono::seconds{60};

/// Without what a second slurmctld must not do: keep its state and log where the first one does, run
/// programs, talk to the database.
std::string without_programs(std::string_view conf) {
  constexpr std::string_view kOwn[] = {
      "StateSaveLocation",      "SlurmctldPidFile",   "SlurmctldLogFile",         "ResumeProgram",
      "SuspendProgram",         "ResumeFailProgram",  "PrologSlurmctld",          "EpilogSlurmctld",
      "SlurmctldPrimaryOnProg", "HealthCheckProgram", "SlurmSchedLogFile",        "SlurmctldSyslogDebug",
      "JobSubmitPlugins",       "BurstBufferType",    "AccountingStorageEnforce", "AccountingStorageType"};
  std::string out;
  for (const std::string_view line : split(conf, '\n')) {
    const std::string_view key = trim(line.substr(0, line.find('=')));
    if (!std::any_of(std::begin(kOwn), std::end(kOwn),
                     [&](auto own) { return equal_ignoring_case(key, own); }))
      out += fmt::format("{}\n", line);
  }
  return out;
}

std::string for_trial(std::string_view conf, const fs::path& folder) {
  return without_programs(conf) +
         fmt::format(
             "StateSaveLocation={0}/state\nSlurmctldPidFile={0}/slurmctld.pid\nSlurmctldLogFile={0}/log\n"
             "AccountingStorageType=accounting_storage/none\nResumeProgram=/bin/true\nSuspendProgram=/bin/"
             "true\n",
             folder.string());
}

/// A folder that is removed with everything in it.
class Scratch {
 public:
  static Result<Scratch> make() {
    char name[] = "/tmp/spillway-trial-XXXXXX";
    if (!mkdtemp(name)) return system_error("make a folder in", "/tmp", errno);
    return Scratch{name};
  }
  explicit Scratch(fs::path path) : path_(std::move(path)) {}
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Result<void> prepare_trial(const SlurmHost& host, const SlurmFiles& files, const fs::path& folder,
                           Runner& runner) {
  const std::string user = setting_in_conf(files.slurm_conf, "SlurmUser", "root");
  std::error_code failed;
  fs::create_directories(folder / "etc", failed);
  const fs::path state = setting_in_conf(files.slurm_conf, "StateSaveLocation", "/var/spool");
  fs::copy(state, folder / "state", fs::copy_options::recursive | fs::copy_options::skip_symlinks, failed);
  if (failed) return system_error("copy the state of slurmctld from", state, failed.value());
  for (const auto& each : fs::directory_iterator(host.slurm_conf.parent_path(), failed))
    if (each.is_regular_file() && each.path().extension() == ".conf" &&
        each.path().filename() != "slurmdbd.conf")
      fs::copy_file(each.path(), folder / "etc" / each.path().filename(), failed);
  TRY(write_file_atomically(folder / "etc/slurm.conf", for_trial(files.slurm_conf, folder)));
  TRY(write_file_atomically(folder / "etc/spillway.conf", without_programs(files.spillway_conf)));
  // No name of a cloud node resolves there, and the second slurmctld must not wait for a resolver to say so.
  std::string switches;
  const std::string nsswitch = read_file("/etc/nsswitch.conf").value_or("");
  for (const std::string_view line : split(nsswitch, '\n'))
    if (!trim(line).starts_with("hosts:")) switches += fmt::format("{}\n", line);
  TRY(write_file_atomically(folder / "nsswitch.conf", switches + "hosts: files\n"));
  const Finished owned =
      TRY(runner.run({{"/usr/bin/chown", "-R", "--", user, folder.string()}}, Deadline::after(kTrial)));
  if (owned.exit_code != 0)
    return Error{Kind::denied, fmt::format("cannot give {} to {}: {}", folder.string(), user, owned.err)};
  return {};
}

std::string last_lines(const std::string& text, size_t count) {
  size_t at = text.size();
  for (size_t n = 0; at > 0 && n <= count; ++n)
    at = text.rfind('\n', at - 1) == std::string::npos ? 0 : text.rfind('\n', at - 1);
  return std::string(trim(text.substr(at)));
}

Result<void> restart(const std::vector<std::string>& argv, Runner& runner) {
  if (argv.empty()) return {};
  Program program{argv};
  program.env.push_back("PATH=/usr/sbin:/usr/bin:/sbin:/bin");
  const Finished done = TRY(runner.run(program, Deadline::after(kAnswer)));
  if (done.exit_code != 0)
    return Error{Kind::io, fmt::format("{} failed: {}", fmt::join(argv, " "), done.err)};
  return {};
}

Result<void> answers(slurm::Controller& slurm, Clock& clock) {
  const Time give_up = clock.now() + kAnswer;
  for (;;) {
    const auto asked = slurm.configuration(Deadline::after(std::chrono::seconds{5}));
    if (asked) return {};
    if (clock.now() > give_up) return asked.error();
    clock.sleep_for(std::chrono::milliseconds{250});
  }
}

Result<void> write_pair(const SlurmHost& host, const SlurmFiles& files) {
  std::error_code ignored;
  if (files.spillway_conf.empty())
    fs::remove(host.spillway_conf(), ignored);
  else
    TRY(write_file_atomically(host.spillway_conf(), files.spillway_conf));
  return write_file_atomically(host.slurm_conf, files.slurm_conf);
}

}  // namespace

std::string setting_in_conf(std::string_view conf, std::string_view name, std::string otherwise) {
  for (std::string_view line : split(conf, '\n')) {
    line = trim(line.substr(0, line.find('#')));
    const size_t equals = line.find('=');
    if (equals != std::string_view::npos && equal_ignoring_case(trim(line.substr(0, equals)), name))
      return std::string(trim(line.substr(equals + 1)));
  }
  return otherwise;
}

Result<SlurmFiles> read_slurm_files(const SlurmHost& host) {
  SlurmFiles out;
  out.slurm_conf = TRY(read_file(host.slurm_conf, 16 << 20));
  auto own = read_file(host.spillway_conf(), 16 << 20);
  if (!own && own.error().kind != Kind::not_found) return own.error();
  if (own) out.spillway_conf = *own;
  return out;
}

Result<void> try_slurm_files(const SlurmHost& host, const SlurmFiles& files, Runner& runner) {
  const Scratch scratch = TRY(Scratch::make());
  TRY(prepare_trial(host, files, scratch.path(), runner));
  // A bad line ends it within moments; -D keeps it in front, so that timeout(1) sees how.
  Program program{{"/usr/bin/unshare", "--net", "--mount", "/usr/bin/sh", "-c",
                   "mount --bind \"$1/etc\" \"$2\" && mount --bind \"$1/nsswitch.conf\" /etc/nsswitch.conf "
                   "&& ip link set lo up && "
                   "exec timeout -k 2 5 \"$3\" -D -f \"$2/slurm.conf\"",
                   "trial", scratch.path().string(), host.slurm_conf.parent_path().string(),
                   host.slurmctld.string()}};
  program.env.push_back("PATH=/usr/sbin:/usr/bin:/sbin:/bin");
  const Finished done = TRY(runner.run(program, Deadline::after(kTrial)));
  // It lived until timeout(1) ended it: 124, or 137 where it took no time to listen to SIGTERM.
  constexpr int kEnded = 124, kKilled = 137;
  if (done.exit_code == kEnded || done.exit_code == kKilled || done.exit_code == 0) return {};
  const std::string log = read_file(scratch.path() / "log").value_or(done.err);
  return Error{Kind::invalid, kRefusedBySlurm,
               fmt::format("slurmctld refuses the new files (exit code {}): {}", done.exit_code,
                           last_lines(log + done.err, 5))};
}

Result<void> install_slurm_files(const SlurmHost& host, const SlurmFiles& files, slurm::Controller& slurm,
                                 Runner& runner, Clock& clock) {
  const SlurmFiles before = TRY(read_slurm_files(host));
  const fs::path backup =
      fmt::format("{}.spillway-{}", host.slurm_conf.string(), to_iso8601_seconds(clock.now()));
  TRY(write_file_atomically(backup, before.slurm_conf));
  TRY(write_pair(host, files));
  Result<void> running = restart(host.restart, runner);
  if (running) running = answers(slurm, clock);
  if (running) return restart(host.restart_nodes, runner);
  TRY(write_pair(host, before));
  const auto back = restart(host.restart, runner);
  return Error{Kind::unavailable, kRolledBack,
               fmt::format("{}; the files of before are back{}", running.error().what,
                           back && answers(slurm, clock) ? ", and slurmctld answers again" : "")};
}

}  // namespace spillway::site
