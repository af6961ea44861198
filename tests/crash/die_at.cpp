// Preloaded into spillway by crash_judge.py: counts the calls by which a process touches what outlives it,
// and kills it at one of them.
//
//   SPILLWAY_DIE_AT=12    SIGKILL in place of the twelfth such call
//   SPILLWAY_DIE_AT=12+   SIGKILL right after it
//   SPILLWAY_DIE_LOG=F    every call's name goes to F, a line each
//
// Programs that spillway starts (scontrol) inherit the preload and are not counted: they live on when it
// dies.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace {

// The process's own calls are made by number, so that the log is not counted.
struct Plan {
  long at = 0;
  bool after = false;
  int log = -1;
  Plan() {
    char program[4096];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) return;
    program[length] = 0;
    const char* name = strrchr(program, '/');
    if (!name || strcmp(name, "/spillway") != 0) return;
    if (const char* text = getenv("SPILLWAY_DIE_AT")) {
      char* end = nullptr;
      at = strtol(text, &end, 10);
      after = *end == '+';
    }
    if (const char* path = getenv("SPILLWAY_DIE_LOG"))
      log = static_cast<int>(
          syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  }
};

Plan& plan() {
  static Plan made;
  return made;
}

std::atomic<long> passed{0};

void die() {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

long before(const char* name) {
  const long number = ++passed;
  const Plan& now = plan();
  if (now.log >= 0) {
    char line[64];
    const int length = snprintf(line, sizeof line, "%s\n", name);
    syscall(SYS_write, now.log, line, length);
  }
  if (number == now.at && !now.after) die();
  return number;
}

void after(long number) {
  if (number == plan().at && plan().after) die();
}

template <class Function>
Function next(Function& place, const char* name) {
  if (!place) place = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
  return place;
}

/// What a process says to people is no part of its state.
bool is_told_to_people(int fd) {
  return fd == 1 || fd == 2;
}

}  // namespace

#define COUNTED(result, name, parameters, arguments)                         \
  extern "C" __attribute__((visibility("default"))) result name parameters { \
    static result(*real) parameters = nullptr;                               \
    const long number = before(#name);                                       \
    const result done = next(real, #name) arguments;                         \
    const int kept = errno;                                                  \
    after(number);                                                           \
    errno = kept;                                                            \
    return done;                                                             \
  }

extern "C" __attribute__((visibility("default"))) ssize_t write(int fd, const void* data, size_t size) {
  static ssize_t (*real)(int, const void*, size_t) = nullptr;
  if (is_told_to_people(fd)) return next(real, "write")(fd, data, size);
  const long number = before("write");
  const ssize_t done = next(real, "write")(fd, data, size);
  const int kept = errno;
  after(number);
  errno = kept;
  return done;
}

COUNTED(ssize_t, pwrite, (int fd, const void* data, size_t size, off_t at), (fd, data, size, at))
COUNTED(ssize_t, pwrite64, (int fd, const void* data, size_t size, off64_t at), (fd, data, size, at))
COUNTED(ssize_t, writev, (int fd, const iovec* parts, int count), (fd, parts, count))
COUNTED(int, fsync, (int fd), (fd))
COUNTED(int, fdatasync, (int fd), (fd))
COUNTED(int, ftruncate, (int fd, off_t size), (fd, size))
COUNTED(int, ftruncate64, (int fd, off64_t size), (fd, size))
COUNTED(ssize_t, send, (int fd, const void* data, size_t size, int flags), (fd, data, size, flags))
COUNTED(ssize_t, sendto,
        (int fd, const void* data, size_t size, int flags, const sockaddr* to, socklen_t length),
        (fd, data, size, flags, to, length))
COUNTED(ssize_t, sendmsg, (int fd, const msghdr* message, int flags), (fd, message, flags))
COUNTED(int, rename, (const char* from, const char* to) noexcept, (from, to))
COUNTED(int, unlink, (const char* path) noexcept, (path))
COUNTED(int, remove, (const char* path) noexcept, (path))
COUNTED(int, posix_spawn,
        (pid_t * pid, const char* path, const posix_spawn_file_actions_t* actions,
         const posix_spawnattr_t* attributes, char* const* arguments, char* const* environment),
        (pid, path, actions, attributes, arguments, environment))
