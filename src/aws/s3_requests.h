#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/credentials.h"
#include "aws/endpoints.h"
#include "aws/retry.h"
#include "base/time.h"
#include "net/exchange.h"

namespace spillway::aws {

/// One request of S3's, told in its own terms.
struct S3Ask {
  std::string_view operation;  // for messages and counting: "UploadPart"
  std::string_view method = "GET";
  std::string_view key;  // as bytes; empty: the bucket itself
  std::vector<std::pair<std::string, std::string>> query;
  net::Headers headers;
  net::Cargo cargo;
  std::string_view sha256;  // of the body, hexadecimal; empty: left out of the signature
};

struct S3Settings {
  std::string region, bucket;
  Endpoints endpoints;
  RetryPolicy retry{.max_attempts = 8, .max_delay = std::chrono::seconds{20}};
  std::function<double()> random;     // uniform in [0, 1); empty: the kernel's
  std::function<void()> slowed_down;  // called when S3 asks for fewer requests
};

/// Signs and sends requests with bodies that are not copied, to one bucket; repeats what is worth repeating,
/// with credentials renewed where S3 calls them expired. Safe to use from several threads.
class S3Requests {
 public:
  S3Requests(net::Exchange& exchange, CredentialsProvider& credentials, Clock& clock, S3Settings settings);
  S3Requests(const S3Requests&) = delete;
  S3Requests& operator=(const S3Requests&) = delete;

  /// A 2xx answer. Errors: as Client::call; interrupted.
  Result<net::Exchanged> call(const S3Ask& ask, Deadline deadline);
  /// No more requests: those under way and those that wait return interrupted.
  void interrupt();

  const std::string& bucket() const { return settings_.bucket; }
  /// Requests sent so far, repeats included, by operation.
  std::map<std::string, uint64_t, std::less<>> counters() const;

 private:
  struct Verdict;
  net::Request signed_request(const S3Ask& ask, const Credentials& credentials);
  std::string signing_key(const Credentials& credentials, const std::string& day);
  Verdict judge(const S3Ask& ask, const Result<net::Exchanged>& answer);
  bool wait(Duration duration, Deadline deadline);

  net::Exchange& exchange_;
  CredentialsProvider& credentials_;
  Clock& clock_;
  const S3Settings settings_;
  std::string base_, host_;  // "https://host/bucket" or "https://bucket.host"; what Host says
  std::string base_path_;    // "/bucket", or ""
  std::atomic<bool> interrupted_ = false;
  std::atomic<int64_t> clock_offset_us_ = 0;
  mutable std::mutex mutex_;
  std::string key_of_, key_;  // the last signing key, and of what it was made
  std::map<std::string, uint64_t, std::less<>> counters_;
};

}  // namespace spillway::aws
