#pragma once
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/file.h"
#include "net/exchange.h"
#include "net/tls.h"

namespace spillway::net {

/// Where a server answers: of a URL the part before the path.
struct Origin {
  bool tls = false;
  std::string host;  // a name or a numeric address, IPv6 without brackets
  uint16_t port = 80;
  bool operator==(const Origin&) const = default;
};
struct Target {
  Origin origin;
  std::string authority;  // as the Host header has it
  std::string path_and_query;
};
/// Errors: invalid.
Result<Target> target_of(std::string_view url);

/// One HTTP/1.1 connection over a blocking socket, for one exchange at a time.
class Connection {
 public:
  /// Connects to one of the origin's addresses; `turn` chooses where to begin, so that many connections
  /// spread. Errors: unavailable (SPW-NET-020), timeout.
  static Result<std::unique_ptr<Connection>> open(const Origin& origin,
                                                  const std::shared_ptr<TlsContext>& tls,
                                                  std::chrono::seconds silence, size_t turn,
                                                  Deadline deadline);

  /// Errors: as Exchange::send.
  Result<Exchanged> exchange(const Target& target, const Request& request, const Cargo& cargo,
                             Deadline deadline);
  /// Whether another exchange may follow.
  bool reusable() const { return reusable_; }
  /// Whether the last exchange failed before a byte of an answer: on a kept connection that means only that
  /// the server had closed it.
  bool silent() const { return silent_; }
  /// Cuts it, also from another thread; its exchange then fails.
  void cut() { shutdown(socket_.get(), SHUT_RDWR); }

 private:
  Connection(Fd socket, std::unique_ptr<TlsSession> tls) : socket_(std::move(socket)), tls_(std::move(tls)) {}
  Result<void> write_all(std::string_view head, std::string_view body, Deadline deadline);
  Result<size_t> read_some(char* into, size_t most, Deadline deadline);
  Result<void> read_head(Response& response, Deadline deadline);
  Result<void> read_body(Exchanged& out, const Cargo& cargo, bool none, Deadline deadline);
  Result<void> read_chunks(std::string& into, Deadline deadline);
  Result<void> fill(std::span<char> into, Deadline deadline);
  Result<std::string> line(Deadline deadline);

  Fd socket_;
  std::unique_ptr<TlsSession> tls_;
  std::string unread_;  // came with the head
  bool reusable_ = true, silent_ = true;
};

}  // namespace spillway::net
