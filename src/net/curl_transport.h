#pragma once
#include <memory>
#include <string>

#include "net/http.h"

namespace spillway::net {

struct CurlOptions {
  std::string ca_file;  // PEM; empty: the system's certificates
  size_t max_in_flight = 32;
  Duration connect_timeout = std::chrono::seconds{10};
  std::chrono::seconds silence{60};   // a peer that sends and takes nothing for so long is given up
  size_t max_body = size_t{1} << 30;  // bytes of an answer; a larger one is cut and fails
};

/// HTTP and HTTPS by libcurl, which is loaded on the first request: programs that send none start without it.
/// Connections are kept; certificates are always verified. Safe to use from several threads. A proxy is taken
/// from the environment, but not for link-local addresses (the metadata service).
class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(CurlOptions options = {});
  ~CurlTransport() override;
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  /// Errors: unavailable (SPW-NET-001 no way there, SPW-NET-002 certificate, SPW-NET-003 no libcurl),
  /// timeout.
  Result<Response> send(const Request& request, Deadline deadline) override;
  std::vector<Result<Response>> send_all(const std::vector<Request>& requests, Deadline deadline) override;

 private:
  struct Pool;
  const CurlOptions options_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace spillway::net
