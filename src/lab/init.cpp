#include "lab/init.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "base/json.h"
#include "base/user.h"
#include "lab/machine.h"
#include "lab/namespaces.h"

namespace spillway::lab {
namespace {

constexpr size_t kLongestMessage = 64 << 10;

Json words(const std::vector<std::string>& list) {
  return Json(Json::Array(list.begin(), list.end()));
}

std::vector<char*> pointers(const Json& list) {
  std::vector<char*> out;
  for (const Json& word : list.items()) out.push_back(const_cast<char*>(word.as_string().c_str()));
  out.push_back(nullptr);
  return out;
}

bool become(const std::string& user) {
  if (user == "root") return true;
  const Result<User> entry = find_user(user);
  return entry && initgroups(user.c_str(), entry->gid) == 0 && setgid(entry->gid) == 0 &&
         setuid(entry->uid) == 0;
}

void log_to(const std::string& path) {
  const int log = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, 0);
  dup2(log, 1);
  dup2(log, 2);
}

/// In the child: becomes the service, or says on its log why not.
[[noreturn]] void become_service(const Json& ask, const std::string& logs) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  log_to(logs + "/" + ask["name"].as_string() + ".log");
  const Result<void> entered = enter_host(ask["host"].as_string());
  if (entered && chdir(ask["folder"].as_string().c_str()) == 0 && become(ask["user"].as_string()))
    execve(ask["argv"].at(0).as_string().c_str(), pointers(ask["argv"]).data(), pointers(ask["env"]).data());
  dprintf(2, "cannot start %s as %s on %s: %s\n", ask["argv"].at(0).as_string().c_str(),
          ask["user"].as_string().c_str(), ask["host"].as_string().c_str(), std::strerror(errno));
  _exit(127);
}

Json start_service(const Json& ask, const std::string& logs) {
  const pid_t child = fork();
  if (child == 0) become_service(ask, logs);
  if (child < 0) return Json::object({{"error", std::string("fork: ") + std::strerror(errno)}});
  return Json::object({{"pid", int64_t{child}}});
}

Json boot_machine(const Json& ask, const std::string& logs) {
  const MachineBoot machine{ask["id"].as_string(), ask["address"].as_string(), ask["cable"].as_string()};
  const pid_t child = clone_process(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC);
  if (child == 0) {
    setsid();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    log_to(logs + "/" + machine.id + ".log");
    become_machine(machine);
  }
  if (child < 0) return Json::object({{"error", std::string("clone: ") + std::strerror(errno)}});
  return Json::object({{"pid", int64_t{child}}});
}

/// Reports those of `started` that have ended; the orphans of others are nobody's concern. True when the
/// supervisor is among the dead.
bool reap(const Fd& events, pid_t supervisor, std::set<pid_t>& started) {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == supervisor) return true;
    if (started.erase(pid) == 0) continue;
    const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    const std::string news = Json::object({{"pid", int64_t{pid}}, {"status", code}}).dump();
    (void)!send(events.get(), news.data(), news.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  return false;
}

}  // namespace

int run_init(Fd requests, Fd events, pid_t supervisor, const std::string& logs) {
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  sigaddset(&watched, SIGTERM);
  sigaddset(&watched, SIGINT);
  sigprocmask(SIG_BLOCK, &watched, nullptr);
  const Fd signals{signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK)};
  std::string buffer(kLongestMessage, '\0');
  std::set<pid_t> started;
  for (;;) {
    pollfd wait[] = {{signals.get(), POLLIN, 0}, {requests.get(), POLLIN, 0}};
    if (poll(wait, 2, -1) < 0 && errno != EINTR) return 1;
    signalfd_siginfo info;
    while (read(signals.get(), &info, sizeof info) == sizeof info)
      if (info.ssi_signo != SIGCHLD) return 0;
    if (reap(events, supervisor, started)) return 0;
    if (!(wait[1].revents & (POLLIN | POLLHUP))) continue;
    const ssize_t got = recv(requests.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return 0;
    const Result<Json> ask = Json::parse(std::string_view(buffer).substr(0, static_cast<size_t>(got)));
    const Json reply = !ask                    ? Json::object({{"error", "not a request"}})
                       : ask->contains("argv") ? start_service(*ask, logs)
                                               : boot_machine(*ask, logs);
    if (const Json* pid = reply.find("pid")) started.insert(static_cast<pid_t>(pid->as_int()));
    const std::string answer = reply.dump();
    (void)!send(requests.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
  }
}

InitClient::InitClient(Fd requests, Fd events, std::function<void(pid_t, int)> ended)
    : requests_(std::move(requests)) {
  listener_ = std::thread([events = std::move(events), ended = std::move(ended)] {
    std::string buffer(4096, '\0');
    for (ssize_t got; (got = recv(events.get(), buffer.data(), buffer.size(), 0)) != 0;) {
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return;
      const Result<Json> news = Json::parse(std::string_view(buffer).substr(0, static_cast<size_t>(got)));
      if (news)
        ended(static_cast<pid_t>((*news)["pid"].as_int()), static_cast<int>((*news)["status"].as_int()));
    }
  });
}

InitClient::~InitClient() {
  requests_.reset();  // init ends with this end of the socket, and the listener with init
  listener_.join();
}

Result<pid_t> InitClient::ask(const std::string& message) {
  const std::scoped_lock lock(one_at_a_time_);
  std::string buffer(4096, '\0');
  ssize_t got = -1;
  if (send(requests_.get(), message.data(), message.size(), MSG_NOSIGNAL) >= 0)
    got = recv(requests_.get(), buffer.data(), buffer.size(), 0);
  if (got <= 0) return Error{Kind::unavailable, "the lab's init does not answer"};
  const Json answer = TRY(Json::parse(std::string_view(buffer).substr(0, static_cast<size_t>(got))));
  if (answer.contains("error")) return Error{Kind::io, answer["error"].as_string()};
  return static_cast<pid_t>(answer["pid"].as_int());
}

Result<pid_t> InitClient::start(const Service& service) {
  return ask(Json::object({{"name", service.name},
                           {"argv", words(service.argv)},
                           {"env", words(service.env)},
                           {"user", service.user},
                           {"host", service.host},
                           {"folder", service.folder}})
                 .dump());
}

Result<pid_t> InitClient::boot(const MachineBoot& machine) {
  return ask(
      Json::object({{"id", machine.id}, {"address", machine.address}, {"cable", machine.cable}}).dump());
}

}  // namespace spillway::lab
