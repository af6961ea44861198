#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace spillway::net {

struct Header {
  std::string name, value;
  bool operator==(const Header&) const = default;
};
using Headers = std::vector<Header>;
/// The first value under `name`, in any case; nullptr when there is none.
const std::string* find_header(const Headers& headers, std::string_view name);

/// What we send. `url` is complete, its path and query already percent-encoded.
struct Request {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;
};

/// What a server of ours receives: `target` is the path and query exactly as sent.
struct Incoming {
  std::string method, target;
  Headers headers;
  std::string body;
  std::string peer;  // numeric address of the client
  bool tls = false;
};

/// Carries HTTP. The seam behind which tests put an in-process service.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Any status is an answer. Errors: unavailable (no connection, cut, or not HTTP), timeout.
  virtual Result<Response> send(const Request& request, Deadline deadline) = 0;
  /// Sends all of them, several in flight; answers in the order of the requests.
  virtual std::vector<Result<Response>> send_all(const std::vector<Request>& requests, Deadline deadline);
};

}  // namespace spillway::net
