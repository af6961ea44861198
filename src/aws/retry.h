#pragma once
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/time.h"
#include "net/http.h"

namespace spillway::aws {

struct RetryPolicy {
  int max_attempts = 3;
  Duration max_delay = std::chrono::seconds{20};
};

/// How long to wait before attempt number `next` (the first repeat is 1): random × min(2^(next-1) s, the
/// most).
Duration backoff(const RetryPolicy& policy, int next, double random);
/// The wait that the answer asks for: x-amz-retry-after (milliseconds) or Retry-After (seconds), at most five
/// minutes.
std::optional<Duration> asked_delay(const net::Response& response);

/// Tokens that repeats cost, so that a broken service is not buried under them. Shared by all calls of a
/// client. Source: "Retry behavior", AWS SDKs and tools reference guide: 500 tokens, 5 a repeat, 10 after a
/// timeout.
class RetryQuota {
 public:
  /// Whether a repeat may be paid for; takes the tokens if so.
  bool acquire(bool after_timeout);
  /// Gives back after success: the cost of the last repeat, or one for a success at once.
  void release(bool repeated, bool after_timeout);
  int available() const;

 private:
  mutable std::mutex mutex_;
  int available_ = 500;
};

}  // namespace spillway::aws
