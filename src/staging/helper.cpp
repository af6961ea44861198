#include "staging/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/user.h"
#include "staging/become.h"
#include "staging/job_codes.h"

namespace spillway::staging {
namespace {

constexpr size_t kLongestOrder = 1 << 20;
constexpr timeval kPatience{10, 0};  // for the order to arrive

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path)
    return Error{Kind::invalid, fmt::format("the socket's path {} is too long", text)};
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  return address;
}

Result<Fd> listen_at(const HelperSettings& settings) {
  const sockaddr_un address = TRY(address_of(settings.socket));
  std::error_code failed;
  std::filesystem::create_directories(settings.socket.parent_path(), failed);
  std::filesystem::remove(settings.socket, failed);
  Fd fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const mode_t before = umask(0177);
  const bool bound = bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  umask(before);
  if (!bound || listen(fd.get(), 64) != 0 ||
      chown(address.sun_path, settings.slurm_user, static_cast<gid_t>(-1)) != 0)
    return system_error("listen at", settings.socket, errno);
  return fd;
}

/// All that comes until the peer says that it is all.
Result<std::string> read_order(int fd) {
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  std::string out;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got == 0) return out;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{Kind::io, fmt::format("the order did not arrive: {}", std::strerror(errno))};
    out.append(buffer.data(), static_cast<size_t>(got));
    if (out.size() > kLongestOrder) return Error{Kind::invalid, kBadOrder, "the order is longer than 1 MiB"};
  }
}

/// In the child: never returns with the user changed, and never to the caller's loop.
Result<void> run_order(const HelperSettings& settings, Fd client) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(client.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      (peer.uid != settings.slurm_user && peer.uid != 0))
    return Error{Kind::denied, kMayNotBecome, fmt::format("user {} asked, who is not SlurmUser", peer.uid)};
  const std::string text = TRY(read_order(client.get()));
  const size_t end = text.find('\n');
  const auto uid = parse_int(std::string_view(text).substr(0, end));
  if (end == std::string::npos || !uid || *uid < 0 || *uid > UINT32_MAX)
    return Error{Kind::invalid, kBadOrder, "the order does not begin with a user's number"};
  TRY(may_become(static_cast<uid_t>(*uid), settings.slurm_user));
  const User user = TRY(find_user(static_cast<uid_t>(*uid)));
  const Fd order{memfd_create("order", 0)};
  const std::string_view rest = std::string_view(text).substr(end + 1);
  if (!order.valid() || write(order.get(), rest.data(), rest.size()) != static_cast<ssize_t>(rest.size()) ||
      lseek(order.get(), 0, SEEK_SET) != 0 || dup2(order.get(), 0) < 0 || dup2(client.get(), 1) < 0)
    return Error{Kind::io, fmt::format("cannot hand the order over: {}", std::strerror(errno))};
  TRY(become(user.uid));
  execute(settings.program, {"data", "stage", "move"}, user.home);
  return Error{Kind::io, fmt::format("cannot run {}: {}", settings.program, std::strerror(errno))};
}

}  // namespace

Result<void> serve_moves(const HelperSettings& settings, const Fd& stop) {
  if (!settings.program.starts_with('/'))
    return Error{Kind::invalid, "the program is named by its absolute path"};
  const Fd listening = TRY(listen_at(settings));
  signal(SIGCHLD, SIG_IGN);  // children are nobody's to wait for
  for (;;) {
    std::array<pollfd, 2> fds{{{stop.get(), POLLIN, 0}, {listening.get(), POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR)
      return system_error("wait at", settings.socket, errno);
    if (fds[0].revents) return {};
    if (!fds[1].revents) continue;
    Fd client{accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!client.valid()) continue;
    if (fork() != 0) continue;
    signal(SIGCHLD, SIG_DFL);
    const int answer = client.get();
    const auto failed = run_order(settings, Fd{dup(answer)});
    log::error("staging", "{}", to_string(failed.error()));
    const std::string text = Json::object({{"kind", std::string(to_string(failed.error().kind))},
                                           {"code", failed.error().code},
                                           {"error", failed.error().what}})
                                 .dump() +
                             "\n";
    send(answer, text.data(), text.size(), MSG_NOSIGNAL);
    _exit(1);
  }
}

Result<std::string> converse(const std::filesystem::path& path, std::string_view text, Deadline deadline) {
  const sockaddr_un address = TRY(address_of(path));
  const Fd fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return Error{errno == EACCES ? Kind::denied : Kind::unavailable,
                 fmt::format("nobody listens at {}: {}", path.string(), std::strerror(errno))};
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t sent = send(fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) break;  // it refused before it had read all, and says why
    rest.remove_prefix(static_cast<size_t>(sent));
  }
  shutdown(fd.get(), SHUT_WR);
  std::string answer;
  for (;;) {
    pollfd one{fd.get(), POLLIN, 0};
    const auto patience = std::min<int64_t>(deadline.remaining().count(), 60'000);
    const int ready = poll(&one, 1, static_cast<int>(patience));
    if (ready < 0 && errno != EINTR) return system_error("read from", path, errno);
    if (ready <= 0) {
      if (deadline.expired()) return Error{Kind::timeout, "no answer in time"};
      continue;
    }
    std::array<char, 65536> buffer;
    const ssize_t got = read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return answer;
    answer.append(buffer.data(), static_cast<size_t>(got));
  }
}

Result<std::string> ask_helper(const std::filesystem::path& path, uid_t uid, const std::string& order,
                               Deadline deadline) {
  auto answer = converse(path, fmt::format("{}\n{}", uid, order), deadline);
  if (!answer && answer.error().kind == Kind::unavailable)
    return std::move(answer).error().fixed_by("systemctl start spillway-stage");
  return answer;
}

}  // namespace spillway::staging
