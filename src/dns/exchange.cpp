#include "dns/exchange.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <map>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "dns/codes.h"
#include "dns/reader.h"

namespace spillway::dns {
namespace {

// named silently drops updates past its update-quota of 100, and reads no further queries than it likes.
constexpr size_t kUnderWay = 40;  // of each connection
// A name server works on two zones side by side when they come by two connections; below this many bytes the
// second connection costs more than it brings.
constexpr size_t kWorthTwo = 100'000;
constexpr auto kConnectAtMost = std::chrono::seconds{4};

struct HostPort {
  std::string host, port = "53";
};

HostPort host_port(const std::string& server) {
  if (server.starts_with('[')) {
    const size_t end = server.find(']');
    if (end == std::string::npos) return {server};
    const bool has_port = server.size() > end + 2 && server[end + 1] == ':';
    return {server.substr(1, end - 1), has_port ? server.substr(end + 2) : "53"};
  }
  const size_t colon = server.find(':');
  if (colon == std::string::npos || server.find(':', colon + 1) != std::string::npos) return {server};
  return {server.substr(0, colon), server.substr(colon + 1)};
}

Error unreachable(const std::string& server, std::string_view why) {
  return Error{Kind::unavailable, kUnreachable, fmt::format("name server {}: {}", server, why)};
}
Error slow(const std::string& server) {
  return Error{Kind::timeout, kSlow, fmt::format("name server {} gave no answer in time", server)};
}

int wait_for(const Fd& fd, short events, Deadline deadline) {
  pollfd one{fd.get(), events, 0};
  const auto left = std::min<int64_t>(deadline.remaining().count(), 60'000);
  const int ready = poll(&one, 1, static_cast<int>(left));
  return ready <= 0 ? ready : one.revents;
}

Result<Fd> connect_to(const std::string& server, const std::string& address, Deadline deadline) {
  sockaddr_storage storage{};
  std::memcpy(&storage, address.data(), address.size());
  Fd fd{socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd.valid()) return unreachable(server, std::strerror(errno));
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage),
              static_cast<socklen_t>(address.size())) != 0) {
    if (errno != EINPROGRESS) return unreachable(server, std::strerror(errno));
    if (wait_for(fd, POLLOUT, deadline.sooner(kConnectAtMost)) <= 0)
      return unreachable(server, "no connection in time");
    int failed = 0;
    socklen_t size = sizeof failed;
    getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failed, &size);
    if (failed != 0) return unreachable(server, std::strerror(failed));
  }
  return fd;
}

uint16_t id_of(std::string_view message) {
  return Reader{message}.u16().value_or(0);
}

/// The talk over one connection, about the messages from `first` to before `end`: writes while there is room
/// and reads while answers come.
class Talk {
 public:
  Talk(const std::string& server, const std::vector<std::string>& messages, std::vector<std::string>& answers,
       size_t first, size_t end)
      : server_(server), messages_(messages), answers_(answers) {
    for (size_t i = first; i < end; ++i)
      if (answers_[i].empty()) waiting_.push_back(i);
  }

  bool done() const { return sent_ == waiting_.size() && open_.empty(); }

  /// Errors: also unavailable when the server hangs up; what was answered until then stays.
  Result<void> run(const Fd& fd, Deadline deadline) {
    while (!done()) {
      fill();
      const int ready = wait_for(fd, static_cast<short>(out_.empty() ? POLLIN : POLLIN | POLLOUT), deadline);
      if (ready < 0 && errno == EINTR) continue;
      if (ready == 0 && deadline.expired()) return slow(server_);
      if (ready & POLLOUT) TRY(push(fd));
      if (ready & (POLLIN | POLLHUP | POLLERR)) TRY(pull(fd));
    }
    return {};
  }

 private:
  void fill() {
    while (sent_ < waiting_.size() && open_.size() < kUnderWay) {
      const std::string& message = messages_[waiting_[sent_]];
      out_ += static_cast<char>(message.size() >> 8);
      out_ += static_cast<char>(message.size());
      out_ += message;
      open_[id_of(message)] = waiting_[sent_++];
    }
  }
  Result<void> push(const Fd& fd) {
    const ssize_t wrote = ::send(fd.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (wrote < 0 && errno != EAGAIN && errno != EINTR) return unreachable(server_, std::strerror(errno));
    if (wrote > 0) out_.erase(0, static_cast<size_t>(wrote));
    return {};
  }
  Result<void> pull(const Fd& fd) {
    std::array<char, 65536> buffer;
    const ssize_t got = recv(fd.get(), buffer.data(), buffer.size(), 0);
    // named sends its next small answer only once this one is acknowledged, and Linux forgets after each read
    // that it is to be at once.
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (got <= 0) return unreachable(server_, got == 0 ? "it hung up" : std::strerror(errno));
    in_.append(buffer.data(), static_cast<size_t>(got));
    size_t at = 0;
    while (in_.size() - at >= 2) {
      const size_t length = id_of(std::string_view(in_).substr(at));  // two bytes, like an id
      if (in_.size() - at - 2 < length) break;
      TRY(take(in_.substr(at + 2, length)));
      at += 2 + length;
    }
    in_.erase(0, at);
    return {};
  }
  Result<void> take(std::string answer) {
    const auto asked = answer.size() < 12 ? open_.end() : open_.find(id_of(answer));
    if (asked == open_.end())
      return Error{Kind::invalid, kBadMessage,
                   fmt::format("name server {} answered what it was not asked", server_)};
    answers_[asked->second] = std::move(answer);
    open_.erase(asked);
    return {};
  }

  const std::string& server_;
  const std::vector<std::string>& messages_;
  std::vector<std::string>& answers_;
  std::vector<size_t> waiting_;
  size_t sent_ = 0;
  std::map<uint16_t, size_t> open_;
  std::string out_, in_;
};

/// Has everything answered that is not, over one connection or two.
Result<void> talk(const std::string& server, const std::string& address,
                  const std::vector<std::string>& messages, std::vector<std::string>& answers,
                  Deadline deadline) {
  const auto run = [&](size_t first, size_t end) -> Result<void> {
    const Fd fd = TRY(connect_to(server, address, deadline));
    return Talk(server, messages, answers, first, end).run(fd, deadline);
  };
  size_t bytes = 0;
  for (const std::string& message : messages) bytes += message.size();
  if (messages.size() < 2 || bytes < kWorthTwo) return run(0, messages.size());
  const size_t middle = messages.size() / 2;
  Result<void> second;
  std::jthread beside([&] { second = run(middle, messages.size()); });
  const Result<void> first = run(0, middle);
  beside.join();
  return first ? second : first;
}

}  // namespace

Result<void> TcpExchange::look_up() {
  const HostPort target = host_port(server_);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed = getaddrinfo(target.host.c_str(), target.port.c_str(), &wanted, &found); failed != 0)
    return unreachable(server_, gai_strerror(failed));
  addresses_.clear();
  for (const addrinfo* each = found; each; each = each->ai_next)
    addresses_.push_back({{reinterpret_cast<const char*>(each->ai_addr), each->ai_addrlen}});
  freeaddrinfo(found);
  return {};
}

Result<std::vector<std::string>> TcpExchange::send(const std::vector<std::string>& messages,
                                                   Deadline deadline) {
  if (addresses_.empty()) TRY(look_up());
  std::vector<std::string> answers(messages.size());
  Result<void> outcome;
  // A server may close a connection at any time (RFC 7766, 6.2.4): what it did not answer is asked once more.
  for (int attempt = 0; attempt < 2; ++attempt) {
    for (const Address& address : addresses_) {
      outcome = talk(server_, address.bytes, messages, answers, deadline);
      if (outcome) return answers;
      if (outcome.error().kind != Kind::unavailable) return outcome.error();
    }
    if (deadline.expired()) break;
    if (attempt == 0 && look_up().has_value()) continue;
  }
  addresses_.clear();
  return outcome.error();
}

}  // namespace spillway::dns
