#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "net/connection.h"

// Finding a server and connecting to it.
namespace spillway::net {
namespace {

constexpr Code kNoWay{"SPW-NET-020", "the server's name is not known, or nothing answers there",
                      "check the network, DNS and the endpoint (AWS_ENDPOINT_URL)"};
constexpr std::chrono::seconds kConnectPatience{10};

Result<Fd> connect_to(const addrinfo& address, Deadline deadline) {
  Fd fd{socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const auto failed = [&](int code) { return Error{Kind::unavailable, kNoWay, std::strerror(code)}; };
  if (!fd.valid()) return failed(errno);
  if (connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return failed(errno);
    pollfd wait{fd.get(), POLLOUT, 0};
    const auto patience = deadline.sooner(kConnectPatience).remaining().count();
    if (poll(&wait, 1, static_cast<int>(patience)) != 1) return failed(ETIMEDOUT);
    int code = 0;
    socklen_t size = sizeof code;
    getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0) return failed(code);
  }
  return fd;
}

void make_blocking(const Fd& fd, std::chrono::seconds silence) {
  fcntl(fd.get(), F_SETFL, 0);
  const timeval patience{silence.count(), 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Result<Target> target_of(std::string_view url) {
  const Error bad{Kind::invalid, fmt::format("{} is no http or https URL", in_quotes(url))};
  Target out;
  if (url.starts_with("https://"))
    out.origin.tls = true;
  else if (!url.starts_with("http://"))
    return bad;
  out.origin.port = out.origin.tls ? 443 : 80;
  url.remove_prefix(out.origin.tls ? 8 : 7);
  const size_t end = std::min(url.find_first_of("/?"), url.size());
  out.path_and_query = url.substr(end);
  if (!out.path_and_query.starts_with('/')) out.path_and_query.insert(0, "/");
  std::string_view host = url.substr(0, end);
  out.authority = host;
  if (const size_t colon = host.rfind(':');
      colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    const auto port = parse_int(host.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) return bad;
    const bool usual = *port == (out.origin.tls ? 443 : 80);
    out.origin.port = static_cast<uint16_t>(*port);
    host = host.substr(0, colon);
    if (usual) out.authority = host;  // as clients write it, and signatures expect it
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return bad;
  out.origin.host = host;
  return out;
}

Result<std::unique_ptr<Connection>> Connection::open(const Origin& origin,
                                                     const std::shared_ptr<TlsContext>& tls,
                                                     std::chrono::seconds silence, size_t turn,
                                                     Deadline deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(origin.host.c_str(), std::to_string(origin.port).c_str(), &hints, &found);
  if (failed != 0)
    return Error{Kind::unavailable, kNoWay, fmt::format("{}: {}", origin.host, gai_strerror(failed))};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned{found, &freeaddrinfo};
  std::vector<const addrinfo*> all;
  for (const addrinfo* one = found; one; one = one->ai_next) all.push_back(one);
  Error last{Kind::unavailable, kNoWay, origin.host};
  for (size_t i = 0; i < all.size(); ++i) {
    auto fd = connect_to(*all[(turn + i) % all.size()], deadline);
    if (!fd) {
      last = std::move(fd).error().during(fmt::format("{}:{}", origin.host, origin.port));
      continue;
    }
    make_blocking(*fd, silence);
    std::unique_ptr<TlsSession> session;
    if (origin.tls) session = TRY(TlsSession::start(tls, fd->get(), origin.host));
    return std::unique_ptr<Connection>(new Connection(*std::move(fd), std::move(session)));
  }
  return last;
}

}  // namespace spillway::net
