#include "emu/throttle.h"

#include <algorithm>
#include <cmath>

#include "emu/faults.h"

namespace spillway::emu {
namespace {

struct Rate {
  std::string_view name;
  double size, rate;
};
constexpr Rate kRequests[] = {
    {"RunInstances", 5, 2},
    {"StartInstances", 5, 2},
    {"TerminateInstances", 100, 5},
    {"Describe", 100, 20},
    {"DescribeInstances", 50, 10},  // without filters, ids or pages
    {"Tags", 100, 10},
    {"CreateLaunchTemplateVersion", 100, 5},
    {"CreateVpcEndpoint", 4, 0.3},
    {"Mutating", 50, 5},  // the last is inferred; CreateFleet is one of these
};
// CreateFleet is not in AWS's table; its instances are taken to count as those of RunInstances.
constexpr Rate kResources[] = {
    {"RunInstances", 1000, 2}, {"StartInstances", 1000, 2}, {"TerminateInstances", 1000, 20}};

template <size_t N>
Buckets buckets_of(const Rate (&rates)[N]) {
  Buckets buckets;
  for (const Rate& rate : rates) buckets.emplace(rate.name, TokenBucket{rate.size, rate.rate, rate.size, {}});
  return buckets;
}

std::string_view class_of(std::string_view operation, const Params& params) {
  if (operation == "CreateTags" || operation == "DeleteTags") return "Tags";
  if (operation == "CreateNetworkInterface") return "CreateLaunchTemplateVersion";
  if (operation == "DescribeInstances" && !params.has("Filter.1.Name") && !params.has("MaxResults") &&
      !params.has("InstanceId.1"))
    return "DescribeInstances";
  if (operation.starts_with("Describe") || operation.starts_with("Get")) return "Describe";
  const bool own = std::any_of(std::begin(kRequests), std::end(kRequests),
                               [&](const Rate& rate) { return rate.name == operation; });
  return own ? operation : "Mutating";
}

std::string_view resource_class_of(std::string_view operation) {
  return operation == "CreateFleet" ? "RunInstances" : operation;
}

void refill(TokenBucket& bucket, Time now) {
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  if (seconds <= 0) return;
  bucket.tokens = std::min(bucket.size, bucket.tokens + seconds * bucket.rate);
  bucket.at = now;
}

/// The resource buckets that the operation draws on, filled up to now.
std::vector<TokenBucket*> resource_buckets(Account& account, std::string_view operation) {
  std::vector<TokenBucket*> found;
  for (Fault& fault : account.faults) {
    if (fault.effect != "throttle" || !concerns(account, fault, operation)) continue;
    auto bucket = fault.resources.find(std::string(resource_class_of(operation)));
    if (bucket == fault.resources.end()) continue;
    refill(bucket->second, account.now());
    found.push_back(&bucket->second);
  }
  return found;
}

/// Sums of rates times seconds miss whole numbers by a little.
constexpr double kNearly = 1e-6;

}  // namespace

Buckets published_requests() {
  return buckets_of(kRequests);
}
Buckets published_resources() {
  return buckets_of(kResources);
}

bool take_request(const Account& account, Fault& fault, std::string_view operation, const Params& params) {
  auto bucket = fault.requests.find(std::string(class_of(operation, params)));
  if (bucket == fault.requests.end()) return true;
  refill(bucket->second, account.now());
  if (bucket->second.tokens < 1 - kNearly) return ++fault.acted, false;
  bucket->second.tokens -= 1;
  return true;
}

int64_t resources_left(Account& account, std::string_view operation) {
  int64_t left = INT64_MAX;
  for (const TokenBucket* bucket : resource_buckets(account, operation))
    left = std::min(left, static_cast<int64_t>(std::floor(std::max(0.0, bucket->tokens) + kNearly)));
  return left;
}

void take_resources(Account& account, std::string_view operation, int64_t count) {
  for (TokenBucket* bucket : resource_buckets(account, operation))
    bucket->tokens -= static_cast<double>(count);
}

ApiError throttled(const Account& account, std::string_view operation, std::string_view rate) {
  return {"RequestLimitExceeded",
          fmt::format("Request limit exceeded. Account {} has been throttled on ec2:{} because it exceeded "
                      "its {} rate limit.",
                      account.settings.account, operation, rate),
          503};
}

}  // namespace spillway::emu
