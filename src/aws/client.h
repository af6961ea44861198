#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "aws/credentials.h"
#include "aws/endpoints.h"
#include "aws/model.h"
#include "aws/pacing.h"
#include "aws/retry.h"
#include "base/json.h"
#include "base/time.h"
#include "net/http.h"

namespace spillway::aws {

struct Settings {
  std::string region;
  Endpoints endpoints;
  RetryPolicy retry;
  std::function<double()> random;  // uniform in [0, 1); empty: the kernel's
  Pacing* pacing = nullptr;        // of calls to EC2; null: each is sent at once
};

/// One call of an operation.
struct Call {
  std::string service, operation;
  Json input = Json::object();
  const Wanted* wanted = nullptr;  // what of the answer is read; null: all. Lives as long as the program.
};

/// Calls operations of AWS by name: writes, signs, sends, repeats what is worth repeating, reads.
/// Safe to use from several threads if its transport and provider are.
class Client {
 public:
  Client(net::Transport& transport, CredentialsProvider& credentials, Clock& clock, Settings settings);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// One call. An absent idempotency token is made up once, so that repeating is harmless.
  /// Errors: of kind_of(AWS's code) with error_code() set; invalid (input does not fit); credentials;
  /// unavailable; timeout (not answered by `deadline`).
  Result<Json> call(std::string_view service, std::string_view operation, Json input, Deadline deadline);
  /// All pages of a paged operation as one answer: its lists joined.
  Result<Json> call_all(std::string_view service, std::string_view operation, Json input, Deadline deadline);
  /// Several calls side by side; answers in their order.
  std::vector<Result<Json>> call_many(std::vector<Call> calls, Deadline deadline);

  /// Requests sent so far, repeats included, by operation.
  std::map<std::string, uint64_t> counters() const;
  /// AWS's clock minus ours, by the last answer's Date; nothing before the first.
  std::optional<Duration> clock_offset() const;
  const Settings& settings() const { return settings_; }

 private:
  static constexpr int64_t kNoOffset = INT64_MIN;
  struct Attempt;
  Result<Attempt> prepare(Call call) const;
  Result<net::Request> signed_request(const Attempt& attempt, Deadline deadline);
  /// How long these have to wait for EC2's buckets, by our account of them.
  Duration pace(const std::vector<Attempt*>& attempts);
  static std::vector<Result<Json>> answers_of(std::vector<Attempt>& attempts);
  void judge(Attempt& attempt, Result<net::Response> response);
  void compare_clocks(const net::Response& response);
  bool may_retry(const Attempt& attempt, const Error& error, bool skew_corrected);

  net::Transport& transport_;
  CredentialsProvider& credentials_;
  Clock& clock_;
  const Settings settings_;
  RetryQuota quota_;
  std::atomic<int64_t> clock_offset_us_ = 0;  // AWS's clock minus ours, as signatures take it into account
  std::atomic<int64_t> seen_offset_us_ = kNoOffset;  // by the last answer, whatever came of it
  mutable std::mutex counters_mutex_;
  std::map<std::string, uint64_t> counters_;
};

}  // namespace spillway::aws
