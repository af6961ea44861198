#include "fleet/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace spillway::fleet {
namespace {

constexpr Code kSocket{
    "SPW-FLEET-003", "the daemon's folder for sockets and locks cannot be used",
    "make /run/spillway with owner SlurmUser and mode 0755 (the unit's RuntimeDirectory does)"};
constexpr Code kHeld{
    "SPW-FLEET-004", "only one reconciler may run for a cluster",
    "nothing to do if the daemon is meant to run; otherwise stop it first: systemctl stop spillwayd"};

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path)
    return Error{Kind::invalid, kSocket, fmt::format("the path {} is too long for a socket", path.string())};
  std::memcpy(address.sun_path, path.c_str(), path.native().size() + 1);
  return address;
}

Error failure(std::string_view doing, const std::filesystem::path& path) {
  const Error error = system_error(doing, path, errno);
  return Error{error.kind, kSocket, error.what};
}

Result<Fd> listen_on(const std::filesystem::path& path, int type, mode_t mode) {
  const sockaddr_un address = TRY(address_of(path));
  Fd fd{socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd.valid()) return failure("make the socket", path);
  unlink(path.c_str());  // left by a daemon that was killed; the lock says that none runs
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return failure("make the socket", path);
  if (chmod(path.c_str(), mode) != 0) return failure("open up the socket", path);
  if (type == SOCK_STREAM && listen(fd.get(), 64) != 0) return failure("listen on", path);
  return fd;
}

}  // namespace

bool poke(const std::filesystem::path& wake) {
  const auto address = address_of(wake);
  const Fd fd{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!address || !fd.valid()) return false;
  const ssize_t sent =
      sendto(fd.get(), "!", 1, MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
  return sent == 1 || errno == EAGAIN;  // a full queue means that it is about to look anyway
}

Result<Fd> listen_for_pokes(const std::filesystem::path& wake) {
  return listen_on(wake, SOCK_DGRAM, 0660);
}
Result<Fd> listen_for_questions(const std::filesystem::path& control) {
  return listen_on(control, SOCK_STREAM, 0666);
}

Result<std::string> ask(const std::filesystem::path& control, const std::string& line, Deadline deadline) {
  const sockaddr_un address = TRY(address_of(control));
  const Fd fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd.valid() || connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return Error{Kind::unavailable,
                 fmt::format("no daemon answers on {}: {}", control.string(), std::strerror(errno))};
  const std::string question = line + "\n";
  if (send(fd.get(), question.data(), question.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(question.size()))
    return Error{Kind::unavailable, "the daemon does not listen"};
  std::string answer;
  while (answer.find('\n') == std::string::npos) {
    pollfd waiting{fd.get(), POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(deadline.remaining().count()));
    if (ready == 0) return Error{Kind::timeout, "the daemon has not answered in time"};
    std::array<char, 4096> buffer;
    const ssize_t got = ready > 0 ? recv(fd.get(), buffer.data(), buffer.size(), 0) : -1;
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Error{Kind::unavailable, "the daemon went away"};
    answer.append(buffer.data(), static_cast<size_t>(got));
  }
  return answer.substr(0, answer.find('\n'));
}

Result<Lock> Lock::take(const std::filesystem::path& path) {
  Fd fd{open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640)};
  if (!fd.valid()) return failure("open", path);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
    const std::string pid = std::to_string(getpid()) + "\n";
    if (ftruncate(fd.get(), 0) != 0 || write(fd.get(), pid.data(), pid.size()) < 0)
      return failure("write", path);
    return Lock{std::move(fd)};
  }
  if (errno != EWOULDBLOCK) return failure("lock", path);
  std::array<char, 32> holder{};
  const ssize_t got = read(fd.get(), holder.data(), holder.size() - 1);
  const std::string pid(holder.data(), got > 1 ? static_cast<size_t>(got - 1) : 0);
  return Error{Kind::conflict, kHeld,
               fmt::format("process {} already looks after this cluster", pid.empty() ? "?" : pid)};
}

}  // namespace spillway::fleet
