#include "lab/namespaces.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "lab/errors.h"

namespace spillway::lab {
namespace {

std::string pin(const std::string& kind, const std::string& host) {
  return "/run/" + kind + "/" + host;
}

bool pin_current(const std::string& kind, const std::string& proc_name, const std::string& host) {
  const std::string path = pin(kind, host);
  const Fd file{open(path.c_str(), O_CREAT | O_CLOEXEC | O_RDONLY, 0444)};
  return file.valid() &&
         mount(("/proc/self/ns/" + proc_name).c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

/// In a child: new namespaces, named, pinned. The exit status is the errno of what failed.
int make_host(const std::string& host) {
  const bool own_network = host != "internet";
  if (unshare(CLONE_NEWUTS | (own_network ? CLONE_NEWNET : 0)) != 0) return errno;
  if (sethostname(host.c_str(), host.size()) != 0) return errno;
  return pin_current("netns", "net", host) && pin_current("uts", "uts", host) ? 0 : errno;
}

Result<void> join(const std::string& path, int type) {
  const Fd file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.valid()) return Error{Kind::not_found, kNoSuchHost, "no such host: " + path};
  if (setns(file.get(), type) != 0)
    return Error{Kind::io, kSandbox, fmt::format("cannot enter {}: {}", path, std::strerror(errno))};
  return {};
}

Result<sockaddr_in> socket_address(const std::string& address, uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &out.sin_addr) != 1)
    return Error{Kind::invalid, "not an IPv4 address: " + address};
  return out;
}

bool accepts(const sockaddr_in& address) {
  const Fd probe{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd wait{probe.get(), POLLOUT, 0};
  if (poll(&wait, 1, 200) != 1) return false;
  int failed = 0;
  socklen_t size = sizeof failed;
  return getsockopt(probe.get(), SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && failed == 0;
}

}  // namespace

const std::vector<std::string>& hosts() {
  static const std::vector<std::string> names = {"internet", "ctl", "op1", "gw-onprem", "gw-aws", "vpc"};
  return names;
}

Result<void> make_hosts() {
  mkdir("/run/netns", 0755);
  mkdir("/run/uts", 0755);
  for (const std::string& host : hosts()) {
    const pid_t child = fork();
    if (child == 0) _exit(make_host(host));
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
      return Error{
          Kind::io, kSandbox,
          fmt::format("cannot make the namespaces of {}: {}", host, std::strerror(WEXITSTATUS(status)))};
  }
  return {};
}

Result<void> enter_host(const std::string& host) {
  TRY(join(pin("netns", host), CLONE_NEWNET));
  return join(pin("uts", host), CLONE_NEWUTS);
}

Result<void> on_host(const std::string& host, const std::function<Result<void>()>& work) {
  Result<void> outcome;
  std::thread([&] {
    outcome = enter_host(host);
    if (outcome) outcome = work();
  }).join();
  return outcome;
}

Result<Fd> listen_on(const std::string& host, const std::string& address, uint16_t port, int ttl) {
  Fd listener;
  TRY(on_host(host, [&]() -> Result<void> {
    const sockaddr_in at = TRY(socket_address(address, port));
    Fd fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const int on = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (ttl > 0) setsockopt(fd.get(), IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || listen(fd.get(), 1024) != 0)
      return Error{
          Kind::conflict, kPortInUse,
          fmt::format("cannot listen on {}:{} of {}: {}", address, port, host, std::strerror(errno))};
    listener = std::move(fd);
    return {};
  }));
  return listener;
}

Result<void> wait_for_port(const std::string& host, const std::string& address, uint16_t port,
                           Deadline deadline) {
  return on_host(host, [&]() -> Result<void> {
    const sockaddr_in at = TRY(socket_address(address, port));
    return wait_until(
        fmt::format("{}:{} on {}", address, port, host), [&] { return accepts(at); }, deadline);
  });
}

Result<void> wait_until(const std::string& what, const std::function<bool()>& ready, Deadline deadline) {
  while (!ready()) {
    if (deadline.expired()) return Error{Kind::timeout, kService, "no answer in time: " + what};
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return {};
}

pid_t clone_process(unsigned long flags) {
  clone_args args{};
  args.flags = flags;
  args.exit_signal = SIGCHLD;
  return static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
}

}  // namespace spillway::lab
