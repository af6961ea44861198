#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dns/exchange.h"
#include "dns/tsig.h"

namespace spillway::dns {

/// Speaks with one server: numbers and signs what goes out, checks and reads what comes back.
class Session {
 public:
  /// Without a key nothing is signed, as resolvers want it.
  Session(Exchange& exchange, const Clock& clock, std::optional<Key> key)
      : exchange_(exchange), clock_(clock), key_(std::move(key)) {}

  /// Sends whole messages (their id is filled in here) and returns the answers in their order. An answer's
  /// code is the caller's business. When the server says BADTIME, its clock is taken for the rest of the
  /// session and the messages go out once more. Errors: denied (SPW-DNS-012, -013, -014, -019), and those of
  /// Exchange::send and parse.
  Result<std::vector<Message>> ask(std::vector<std::string> messages, Deadline deadline);

  /// How far the server's clock is ahead of ours, as far as it had to be taken into account.
  std::chrono::seconds clock_offset() const { return offset_; }
  std::string peer() const { return exchange_.peer(); }

 private:
  enum class Verdict { good, repeat };
  Result<std::vector<SignedMessage>> prepare(std::vector<std::string> messages);
  /// Whether the answer is our server's word; learns its time from BADTIME.
  Result<Verdict> judge(std::string_view bytes, const Message& answer, const std::string& request_mac);
  uint64_t now() const;

  Exchange& exchange_;
  const Clock& clock_;
  std::optional<Key> key_;
  std::chrono::seconds offset_{0};
  uint16_t next_id_ = 0;
};

/// The error that an answer's code means, told as "<doing>: <server> says REFUSED". Must not be noerror.
/// Kinds: denied (REFUSED), invalid (NOTAUTH, NOTZONE, NXDOMAIN of a zone), conflict (a prerequisite),
/// unavailable (SERVFAIL), internal.
Error rcode_error(Rcode rcode, std::string_view doing, std::string_view server);
/// Whether the code says that a prerequisite did not hold.
bool is_conflict(Rcode rcode);

}  // namespace spillway::dns
