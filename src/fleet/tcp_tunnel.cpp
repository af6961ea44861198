#include "fleet/tcp_tunnel.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/file.h"

namespace spillway::fleet {
namespace {

constexpr int kPatienceMs = 1000;

}  // namespace

bool TcpTunnel::answers() {
  sockaddr_in to{
      .sin_family = AF_INET, .sin_port = htons(static_cast<uint16_t>(port_)), .sin_addr = {}, .sin_zero = {}};
  if (inet_pton(AF_INET, far_end_.c_str(), &to.sin_addr) != 1) return false;
  const Fd fd{socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd.valid()) return true;  // our own trouble says nothing about the tunnel
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 || errno == ECONNREFUSED)
    return true;
  if (errno != EINPROGRESS) return false;
  pollfd waiting{fd.get(), POLLOUT, 0};
  int failed = 0;
  socklen_t size = sizeof failed;
  if (poll(&waiting, 1, kPatienceMs) != 1 || getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failed, &size) != 0)
    return false;
  return failed == 0 || failed == ECONNREFUSED;
}

}  // namespace spillway::fleet
