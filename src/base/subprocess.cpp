#include "base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/file.h"

namespace spillway {
namespace {

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error{Kind::io, fmt::format("pipe: {}", std::strerror(errno))};
  return Pipe{Fd{ends[0]}, Fd{ends[1]}};
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

Result<pid_t> spawn(const Program& program, const Pipe& in, const Pipe& out, const Pipe& err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, err.write.get(), 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  // A group of its own, so that a deadline ends its children with it.
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, program.argv[0].c_str(), &actions, &attributes,
                                 pointers(program.argv).data(), pointers(program.env).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0)
    return Error{failed == ENOENT ? Kind::not_found : Kind::io,
                 fmt::format("cannot run {}: {}", program.argv[0], std::strerror(failed))};
  return pid;
}

/// Appends what `fd` has; closes it at its end. False when more than `limit` bytes came.
bool drain(Fd& fd, std::string& into, size_t limit) {
  std::array<char, 65536> buffer;
  const ssize_t got = read(fd.get(), buffer.data(), buffer.size());
  if (got > 0) into.append(buffer.data(), static_cast<size_t>(got));
  if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) fd.reset();
  return into.size() <= limit;
}

int reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<Finished> PosixRunner::run(const Program& program, Deadline deadline) {
  if (program.argv.empty() || !program.argv[0].starts_with('/'))
    return Error{Kind::invalid, "a program is named by its absolute path"};
  Pipe in = TRY(make_pipe()), out = TRY(make_pipe()), err = TRY(make_pipe());
  const pid_t pid = TRY(spawn(program, in, out, err));
  in.read.reset();
  out.write.reset();
  err.write.reset();
  fcntl(in.write.get(), F_SETFL, O_NONBLOCK);

  Finished finished;
  std::string_view input = program.input;
  if (input.empty()) in.write.reset();
  std::string problem;
  Kind kind = Kind::io;
  while (problem.empty() && (out.read.valid() || err.read.valid())) {
    std::array<pollfd, 3> fds{
        {{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}, {in.write.get(), POLLOUT, 0}}};
    const int ready = poll(fds.data(), fds.size(), static_cast<int>(deadline.remaining().count()));
    if (ready == 0) {
      problem = fmt::format("{} took longer than allowed and was ended", program.argv[0]);
      kind = Kind::timeout;
    }
    if (ready <= 0) continue;
    bool within = true;
    if (fds[0].revents) within = drain(out.read, finished.out, program.max_output) && within;
    if (fds[1].revents) within = drain(err.read, finished.err, program.max_output) && within;
    if (fds[2].revents) {
      const ssize_t written = write(in.write.get(), input.data(), input.size());
      if (written > 0) input.remove_prefix(static_cast<size_t>(written));
      if (input.empty() || (written < 0 && errno != EAGAIN && errno != EINTR)) in.write.reset();
    }
    if (!within) problem = fmt::format("{} printed more than {} bytes", program.argv[0], program.max_output);
  }
  if (!problem.empty()) kill(-pid, SIGKILL);
  finished.exit_code = reap(pid);
  if (!problem.empty()) return Error{kind, problem};
  return finished;
}

}  // namespace spillway
