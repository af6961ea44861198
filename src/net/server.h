#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/file.h"
#include "net/http.h"

namespace spillway::net {

struct ServerOptions {
  std::string address = "127.0.0.1";  // numeric, IPv4 or IPv6
  uint16_t port = 0;                  // 0: one that is free; see Server::port()
  int listen_fd = -1;            // a socket that listens already, in place of address and port; taken over
  std::string certificate, key;  // PEM; both empty: plain HTTP
  size_t workers = 16;           // requests that are answered side by side
  size_t max_body = size_t{64} << 20;     // bytes of a request's body; a larger one is answered 413
  std::chrono::seconds idle_timeout{60};  // of a kept connection
};

/// Answers a request; called from several threads. A status of 0 cuts the connection without an answer. For
/// HEAD, the header Content-Length tells the length that GET would have.
using Handler = std::function<Response(const Incoming&)>;

/// HTTP/1.1 and HTTPS by libmicrohttpd, which is loaded when the first server starts. One thread moves the
/// bytes, `workers` threads run the handler, so that a slow answer holds up no other.
class Server {
 public:
  /// Listens, and serves until stop() or destruction. Errors: conflict (SPW-NET-010 address in use), io
  /// (SPW-NET-011 cannot listen), invalid (SPW-NET-012 certificate or key), unavailable (SPW-NET-013 no
  /// library).
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;
  /// Finishes the requests that are being answered, then closes every connection. Safe to repeat.
  void stop();

 private:
  Server();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::net
