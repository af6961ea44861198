#include "aws/retry.h"

#include <algorithm>

#include "base/text.h"

namespace spillway::aws {
namespace {

constexpr int kCapacity = 500, kCost = 5, kTimeoutCost = 10;
constexpr Duration kLongestAskedDelay = std::chrono::minutes{5};

std::optional<Duration> header_delay(const net::Response& response, std::string_view name, Duration unit) {
  const std::string* value = net::find_header(response.headers, name);
  const auto number = value ? parse_int(trim(*value)) : std::nullopt;
  if (!number || *number < 0) return std::nullopt;
  return std::min<int64_t>(*number, kLongestAskedDelay / unit) * unit;
}

}  // namespace

Duration backoff(const RetryPolicy& policy, int next, double random) {
  const Duration step = std::chrono::seconds{1LL << std::clamp(next - 1, 0, 20)};
  const Duration longest = std::min(step, policy.max_delay);
  return std::chrono::duration_cast<Duration>(longest * random);
}

std::optional<Duration> asked_delay(const net::Response& response) {
  if (const auto delay = header_delay(response, "x-amz-retry-after", std::chrono::milliseconds{1}))
    return delay;
  return header_delay(response, "Retry-After", std::chrono::seconds{1});
}

bool RetryQuota::acquire(bool after_timeout) {
  const std::lock_guard lock(mutex_);
  const int cost = after_timeout ? kTimeoutCost : kCost;
  if (available_ < cost) return false;
  available_ -= cost;
  return true;
}

void RetryQuota::release(bool repeated, bool after_timeout) {
  const std::lock_guard lock(mutex_);
  available_ = std::min(kCapacity, available_ + (!repeated ? 1 : after_timeout ? kTimeoutCost : kCost));
}

int RetryQuota::available() const {
  const std::lock_guard lock(mutex_);
  return available_;
}

}  // namespace spillway::aws
