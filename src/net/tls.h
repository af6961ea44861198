#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace spillway::net {

/// What sets up TLS, by libssl, which is loaded when it is first needed. Safe to use from several threads.
class TlsContext {
 public:
  /// `ca_file` in PEM; empty: the system's certificates. Errors: unavailable (SPW-NET-022 no libssl),
  /// invalid (the file).
  static Result<std::shared_ptr<TlsContext>> make(const std::string& ca_file);
  virtual ~TlsContext() = default;
};

/// One connection's TLS over a blocking socket, whose timeouts are TLS's. The peer's certificate is verified,
/// for its name or numeric address.
class TlsSession {
 public:
  /// Shakes hands. Errors: unavailable (SPW-NET-002 certificate; else cut).
  static Result<std::unique_ptr<TlsSession>> start(const std::shared_ptr<TlsContext>& context, int socket,
                                                   const std::string& host);
  virtual ~TlsSession() = default;
  /// As read(2) and write(2): -1 with errno EAGAIN when the socket's time is over, ECONNRESET for any other
  /// failure.
  virtual ssize_t read(char* into, size_t most) = 0;
  virtual ssize_t write(std::string_view data) = 0;
};

}  // namespace spillway::net
