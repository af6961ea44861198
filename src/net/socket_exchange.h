#pragma once
#include <mutex>
#include <unordered_set>
#include <vector>

#include "net/connection.h"

namespace spillway::net {

struct SocketOptions {
  std::string ca_file;               // PEM; empty: the system's certificates
  std::chrono::seconds silence{30};  // a peer that sends and takes nothing for so long is given up
};

/// HTTP/1.1 over blocking sockets, one connection for each thread that waits; connections are kept for
/// whoever comes next. Why not libcurl: docs/decisions/0014. Knows no proxies.
class SocketExchange final : public Exchange {
 public:
  explicit SocketExchange(SocketOptions options = {}) : options_(std::move(options)) {}

  Result<Exchanged> send(const Request& request, const Cargo& cargo, Deadline deadline) override;
  void interrupt() override;

 private:
  struct Kept {
    Origin origin;
    std::unique_ptr<Connection> connection;
  };
  std::unique_ptr<Connection> take(const Origin& origin);
  Result<std::unique_ptr<Connection>> connect(const Origin& origin, Deadline deadline);

  const SocketOptions options_;
  std::mutex mutex_;
  std::vector<Kept> resting_;
  std::unordered_set<Connection*> working_;
  std::shared_ptr<TlsContext> tls_;
  size_t opened_ = 0;
  bool interrupted_ = false;
};

}  // namespace spillway::net
