#pragma once
#include <span>
#include <string>
#include <string_view>

#include "net/http.h"

namespace spillway::net {

/// What an exchange carries beside its head: the body that is sent, and where a successful answer's body is
/// to be put. Neither is copied; a body of the request's own must be empty.
struct Cargo {
  std::string_view body;
  std::span<char> room;  // empty: the answer's body becomes Response::body
};

struct Exchanged {
  Response response;
  size_t placed = 0;  // bytes of the body that were put into the room
};

/// Carries one request with much data and waits for its answer: the way of files, where Transport is that of
/// documents. Safe to use from several threads, each waiting for its own. Tests put a service behind it.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// Any status is an answer. A body of a 2xx answer goes into `cargo.room`; every other one into the
  /// response. Errors: unavailable (no connection, cut, not HTTP, shorter than it said), timeout, internal
  /// (larger than its room).
  virtual Result<Exchanged> send(const Request& request, const Cargo& cargo, Deadline deadline) = 0;
  /// Cuts what is under way and refuses what comes: all of it returns interrupted at once.
  virtual void interrupt() {}
};

}  // namespace spillway::net
