#pragma once
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace spillway::dns {

/// Carries messages to one name server. The seam behind which tests put a model of named, and faults.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// Sends all messages, whose ids differ, and returns the answers in the same order, each of which has its
  /// message's id. Nothing is known of the messages' fate when it fails. Errors: unavailable (SPW-DNS-010),
  /// timeout (SPW-DNS-011), invalid (SPW-DNS-001).
  virtual Result<std::vector<std::string>> send(const std::vector<std::string>& messages,
                                                Deadline deadline) = 0;
  /// The server, for messages to people.
  virtual std::string peer() const = 0;
};

/// One TCP connection for each call, with many messages under way at a time (RFC 7766, 6.2.1.1).
class TcpExchange final : public Exchange {
 public:
  /// `server` is host, host:port, or [address]:port. A host's addresses are looked up once and kept until
  /// they stop answering: the resolver may be out when updates are most needed.
  explicit TcpExchange(std::string server) : server_(std::move(server)) {}
  Result<std::vector<std::string>> send(const std::vector<std::string>& messages, Deadline deadline) override;
  std::string peer() const override { return server_; }

 private:
  struct Address {
    std::string bytes;  // a sockaddr
  };
  Result<void> look_up();

  std::string server_;
  std::vector<Address> addresses_;
};

}  // namespace spillway::dns
