#include "fleet/hooks.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "fleet/places.h"
#include "fleet/socket.h"
#include "fleet/wish.h"

namespace spillway::fleet {
namespace {

constexpr auto kPrologAtMost = std::chrono::hours{2};  // longer than any ResumeTimeout worth having

struct HookName {
  std::string_view word;
  HookCall::Name name;
};
constexpr HookName kNames[] = {
    {"resume", HookCall::Name::resume},
    {"suspend", HookCall::Name::suspend},
    {"resume-fail", HookCall::Name::resume_fail},
    {"resume_fail", HookCall::Name::resume_fail},
    {"prolog-slurmctld", HookCall::Name::prolog_slurmctld},
    {"change_state", HookCall::Name::change_state},
    {"generate_conf", HookCall::Name::generate_conf},
};

bool is_plugin_site(const std::filesystem::path& folder) {
  return !folder.empty() && access((folder / "config.json").c_str(), F_OK) == 0;
}

Places places_of(const HookCall& call) {
  return is_plugin_site(call.folder) ? plugin_places(call.folder) : default_places();
}

Wish::Kind kind_of(HookCall::Name name) {
  return name == HookCall::Name::suspend       ? Wish::Kind::suspend
         : name == HookCall::Name::resume_fail ? Wish::Kind::resume_fail
                                               : Wish::Kind::resume;
}

/// The text of SLURM_RESUME_FILE; it is a file of slurmctld's that lives for seconds only.
std::string resume_file() {
  const char* path = std::getenv("SLURM_RESUME_FILE");
  if (!path || !*path) return {};
  return read_file(path, 8 << 20).value_or("");
}

/// Starts `reconcile --until-settled` for a plugin v2 site and lets go of it.
void start_reconcile(const std::string& folder) {
  const pid_t child = fork();
  if (child < 0) return;
  if (child > 0) {
    waitpid(child, nullptr, 0);
    return;
  }
  setsid();
  if (fork() != 0) _exit(0);  // the grandchild belongs to init
  const int nothing = open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) dup2(nothing, fd);
  const std::array<const char*, 6> argv = {"spillway", "reconcile",    "--until-settled",
                                           "--config", folder.c_str(), nullptr};
  execv("/proc/self/exe", const_cast<char* const*>(argv.data()));
  _exit(127);
}

}  // namespace

std::optional<HookCall> hook_call(std::string_view program_path) {
  const std::filesystem::path path{program_path};
  std::string word = path.filename().string();
  if (word.ends_with(".py")) word.resize(word.size() - 3);
  for (const HookName& known : kNames)
    if (word == known.word) return HookCall{known.name, path.parent_path().string()};
  return std::nullopt;
}

int run_wish_hook(const HookCall& call, const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) {
    log::error("hook", "Slurm calls this program with one hostlist; it got {} arguments", arguments.size());
    return 2;
  }
  const bool plugin = is_plugin_site(call.folder);
  const Places places = places_of(call);
  if (plugin) {
    std::error_code ignored;  // the write below reports what matters
    std::filesystem::create_directories(places.spool, ignored);
  }
  const Wish wish{.kind = kind_of(call.name),
                  .nodes = arguments[0],
                  .made_at = SystemClock{}.now(),
                  .resume_file = resume_file()};
  if (auto written = Spool{places.spool}.write(wish); !written) {
    if (plugin) log::set_file(call.folder + "/aws_plugin.log");  // slurmctld drops what a hook says
    log::error("hook", "{}", to_string(written.error()));
    return 1;
  }
  if (!poke(places.wake()) && plugin) start_reconcile(call.folder);
  return 0;
}

int run_prolog_hook(const HookCall& call, const std::string& site_prolog) {
  const char* job = std::getenv("SLURM_JOB_ID");
  const char* nodes = std::getenv("SLURM_JOB_NODELIST");
  if (job && nodes) {
    const Json question = Json::object({{"ask", "wait-job"}, {"job", job}, {"nodes", nodes}});
    const auto answer = ask(places_of(call).control(), question.dump(), Deadline::after(kPrologAtMost));
    // Without an answer the job starts when slurmctld looks again by itself, within 30 s.
    if (!answer) log::warning("hook", "job {}: {}", job, answer.error().what);
  }
  if (site_prolog.empty()) return 0;
  const std::array<const char*, 2> argv = {site_prolog.c_str(), nullptr};
  execv(argv[0], const_cast<char* const*>(argv.data()));
  log::error("hook", "cannot run the site's prolog {}", site_prolog);
  return 1;
}

}  // namespace spillway::fleet
