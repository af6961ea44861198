#include "lab/enter.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "base/user.h"
#include "lab/errors.h"
#include "lab/namespaces.h"

namespace spillway::lab {
namespace {

struct Space {
  const char* name;
  int type;
};
constexpr Space kSpaces[] = {{"pid", CLONE_NEWPID},
                             {"ipc", CLONE_NEWIPC},
                             {"uts", CLONE_NEWUTS},
                             {"net", CLONE_NEWNET},
                             {"mnt", CLONE_NEWNS}};

Error refused(const std::string& what) {
  return Error{Kind::io, kSandbox, fmt::format("cannot {}: {}", what, std::strerror(errno))};
}

/// Takes all namespaces and the root of the process `pid`, as /proc shows it now.
Result<void> enter_process(pid_t pid) {
  const std::string folder = fmt::format("/proc/{}/", pid);
  Fd root{open((folder + "root").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  std::vector<Fd> files;
  for (const Space& space : kSpaces)
    files.emplace_back(open((folder + "ns/" + space.name).c_str(), O_RDONLY | O_CLOEXEC));
  for (size_t i = 0; i < files.size(); ++i)
    if (!files[i].valid() || setns(files[i].get(), kSpaces[i].type) != 0)
      return refused(fmt::format("enter the {} namespace of process {}", kSpaces[i].name, pid));
  // A mount namespace's own root is not the process's when the whole lab runs in a chroot.
  if (!root.valid() || fchdir(root.get()) != 0 || chroot(".") != 0) return refused("take the lab's root");
  return {};
}

void complain(const Error& error) {
  const std::string text = to_string(error) + "\n";
  (void)!write(STDERR_FILENO, text.data(), text.size());
}

/// Stays in the caller's folder if the user may write there, for Slurm puts a job's output into the folder of
/// its submission; else goes home, and words that name the caller's files become whole paths.
void settle(const std::string& folder, const std::string& home, std::vector<std::string>& words) {
  if (!folder.empty() && chdir(folder.c_str()) == 0) {
    if (access(".", W_OK) == 0) return;
    for (size_t i = 1; i < words.size(); ++i)
      if (!words[i].empty() && words[i][0] != '/' && words[i][0] != '-' &&
          access(words[i].c_str(), R_OK) == 0)
        words[i] = folder + "/" + words[i];
  }
  if (chdir(home.c_str()) != 0 && chdir("/") != 0) _exit(126);
}

[[noreturn]] void become_command(const Visit& visit, const std::string& folder) {
  const Result<User> user = find_user(visit.user);
  if (!user) {
    complain(
        Error{Kind::not_found, kBadCommand, fmt::format("no user {} on {}", visit.user, visit.host)}.fixed_by(
            "give --user alice, bob, slurm or root"));
    _exit(126);
  }
  if (initgroups(user->name.c_str(), user->gid) != 0 || setgid(user->gid) != 0 || setuid(user->uid) != 0)
    _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const char* terminal = getenv("TERM");
  const std::vector<std::pair<std::string, std::string>> environment = {
      {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/libexec/spillway"},
      {"HOME", user->home},
      {"USER", user->name},
      {"LOGNAME", user->name},
      {"SHELL", "/bin/bash"},
      {"LANG", "C.UTF-8"},
      {"TZ", "UTC"},
      {"TERM", terminal ? terminal : "dumb"}};
  clearenv();
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<std::string> words = visit.argv;
  settle(folder, user->home, words);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  const int failed = errno;
  complain(Error{Kind::not_found, kBadCommand,
                 fmt::format("cannot run {} on {}: {}", argv[0], visit.host, std::strerror(failed))});
  _exit(failed == ENOENT ? 127 : 126);
}

}  // namespace

Result<int> visit(const LabHandle& lab, const Visit& visit) {
  std::error_code ignored;
  const std::string folder = std::filesystem::current_path(ignored).string();
  TRY(enter_process(lab.init));
  if (visit.machine != 0) {
    TRY(enter_process(visit.machine));
  } else {
    TRY(enter_host(visit.host));
  }
  const pid_t child = fork();  // a new PID namespace is for children
  if (child < 0) return refused("fork");
  if (child == 0) become_command(visit, folder);
  signal(SIGINT, SIG_IGN);  // the terminal sends it to the command as well, which decides
  signal(SIGQUIT, SIG_IGN);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

namespace {

std::string content(const Fd& file) {
  std::string text(static_cast<size_t>(std::max<off_t>(0, lseek(file.get(), 0, SEEK_END))), '\0');
  const ssize_t got = pread(file.get(), text.data(), text.size(), 0);
  text.resize(static_cast<size_t>(std::max<ssize_t>(0, got)));
  return text;
}

}  // namespace

Result<Finished> capture(const LabHandle& lab, const Visit& there, Deadline deadline) {
  const Fd out{memfd_create("out", MFD_CLOEXEC)}, err{memfd_create("err", MFD_CLOEXEC)};
  const pid_t child = fork();
  if (child < 0) return refused("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const Fd nothing{open("/dev/null", O_RDONLY | O_CLOEXEC)};
    dup2(nothing.get(), 0);
    dup2(out.get(), 1);
    dup2(err.get(), 2);
    const Result<int> code = visit(lab, there);
    if (!code) dprintf(2, "%s\n", code.error().what.c_str());
    _exit(code ? *code : 125);
  }
  const Fd process{static_cast<int>(syscall(SYS_pidfd_open, child, 0))};
  pollfd wait{process.get(), POLLIN, 0};
  const bool ended = poll(&wait, 1, static_cast<int>(deadline.remaining().count())) == 1;
  if (!ended) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) return Error{Kind::timeout, there.argv.front() + " on " + there.host + " does not end"};
  return Finished{WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), content(out),
                  content(err)};
}

}  // namespace spillway::lab
