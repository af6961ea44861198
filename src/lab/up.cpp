#include "lab/up.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lab/control.h"
#include "lab/errors.h"
#include "lab/init.h"
#include "lab/mounts.h"
#include "lab/namespaces.h"
#include "lab/onprem.h"
#include "lab/preflight.h"
#include "lab/progress.h"
#include "lab/supervisor.h"

namespace spillway::lab {
namespace fs = std::filesystem;
namespace {

struct Endpoint {
  Fd socket;
  int port = 0;
};

bool bind_loopback(const Fd& fd, int port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<uint16_t>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
         listen(fd.get(), 1024) == 0;
}

/// A listening socket in the caller's network: on the asked port, or on 4566, or on any free one.
Result<Endpoint> open_endpoint(int asked) {
  for (const int port : asked != 0 ? std::vector<int>{asked} : std::vector<int>{4566, 0}) {
    Fd fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!bind_loopback(fd, port)) continue;
    sockaddr_in got{};
    socklen_t size = sizeof got;
    getsockname(fd.get(), reinterpret_cast<sockaddr*>(&got), &size);
    return Endpoint{std::move(fd), ntohs(got.sin_port)};
  }
  return Error{Kind::conflict, kPortInUse,
               fmt::format("cannot listen on 127.0.0.1:{}: {}", asked, std::strerror(errno))};
}

/// The state folder stays reachable under /run/lab, whatever is mounted over the place where it lies.
Result<void> keep_folder(const Fd& folder, const std::string& target) {
  TRY(make_folder(target));
  return mount_at(fmt::format("/proc/self/fd/{}", folder.get()).c_str(), target, nullptr, MS_BIND);
}

/// PID 1's preparations: everything that a process with one thread must do.
Result<void> prepare_sandbox(const Settings& settings) {
  const Fd state{open(settings.state.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  const Fd programs{open(settings.programs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  TRY(make_onprem_view());
  TRY(keep_folder(state, std::string(kRun) + "/state"));
  TRY(keep_folder(programs, std::string(kRun) + "/programs"));
  TRY(write_site_files());
  return make_hosts();
}

struct Pair {
  Fd ours, theirs;
};
Pair socket_pair() {
  int ends[2] = {-1, -1};
  (void)!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
  return {Fd{ends[0]}, Fd{ends[1]}};
}

/// The lab's PID 1, from its first breath.
[[noreturn]] void become_lab(Settings settings, Fd control, Endpoint endpoint, Progress progress) {
  if (settings.tied) prctl(PR_SET_PDEATHSIG, SIGKILL);
  setsid();
  umask(022);
  const int log =
      open((settings.state / "log/lab.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, 0);
  dup2(log, 1);
  dup2(log, 2);
  (void)!chdir("/");
  if (listen(control.get(), 64) != 0) _exit(1);  // whoever connects now learns this process's id
  if (const Result<void> ready = prepare_sandbox(settings); !ready) {
    progress.failed(ready.error());
    _exit(1);
  }
  settings.state = std::string(kRun) + "/state";
  settings.programs = std::string(kRun) + "/programs";
  Pair requests = socket_pair(), events = socket_pair();
  const pid_t supervisor = fork();
  if (supervisor == 0) {
    requests.ours.reset();
    events.ours.reset();
    _exit(run_supervisor(settings,
                         {std::move(control), std::move(endpoint.socket), endpoint.port,
                          std::move(requests.theirs), std::move(events.theirs)},
                         progress));
  }
  progress.let_go();
  requests.theirs.reset();
  events.theirs.reset();
  _exit(run_init(std::move(requests.ours), std::move(events.ours), supervisor, settings.state / "log"));
}

/// Reads what the lab tells until it is ready or has failed.
Result<Json> follow(const Fd& pipe, const std::function<void(const std::string&)>& told) {
  std::string text, buffer(65536, '\0');
  for (ssize_t got; (got = recv(pipe.get(), buffer.data(), buffer.size(), 0)) != 0;) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    text.append(buffer, 0, static_cast<size_t>(got));
    for (size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
      const Json line = TRY(Json::parse(text.substr(0, end)));
      if (const Json* error = line.find("error")) return error_from_json(*error);
      if (const Json* ready = line.find("ready")) return *ready;
      told(line["step"].as_string());
    }
  }
  return Error{Kind::internal, kService, "the lab ended while it came up"};
}

}  // namespace

Result<Json> bring_up(const Settings& settings, const std::function<void(const std::string&)>& told) {
  TRY(check_machine(settings));
  Fd control = TRY(claim_lab(settings.state));
  Endpoint endpoint = TRY(open_endpoint(settings.port));
  std::error_code ignored;
  for (const auto& old : fs::directory_iterator(settings.state / "log", ignored)) fs::remove(old, ignored);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return Error{Kind::io, "no socket pair"};
  Fd ours{ends[0]}, theirs{ends[1]};
  const pid_t lab = clone_process(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC);
  if (lab < 0)
    return Error{Kind::io, kSandbox,
                 fmt::format("cannot make the lab's namespaces: {}", std::strerror(errno))};
  if (lab == 0) {
    ours.reset();
    become_lab(settings, std::move(control), std::move(endpoint), Progress{std::move(theirs)});
  }
  theirs.reset();
  control.reset();
  Result<Json> outcome = follow(ours, told);
  if (!outcome) {
    kill(lab, SIGKILL);
    waitpid(lab, nullptr, 0);
    return Error(outcome.error()).fixed_by(fmt::format("read {}/log", settings.state.string()));
  }
  return outcome;
}

Result<bool> take_down(const fs::path& state) {
  const Result<LabHandle> lab = find_lab(state);
  if (!lab) {
    if (lab.error().kind == Kind::not_found) return false;
    return lab.error();
  }
  const Fd process{static_cast<int>(syscall(SYS_pidfd_open, lab->init, 0))};
  kill(lab->init, SIGKILL);
  pollfd wait{process.get(), POLLIN,
              0};  // readable when the lab's PID 1, and so all of its processes, are gone
  if (process.valid() && poll(&wait, 1, 20'000) != 1)
    return Error{Kind::timeout, kService, fmt::format("the lab (process {}) does not end", lab->init)};
  return true;
}

}  // namespace spillway::lab
