#include "aws/pacing.h"

#include <algorithm>

namespace spillway::aws {
namespace {

constexpr std::string_view kLaunches = "instances started", kEnds = "instances ended";

bool starts_instances(std::string_view operation) {
  return operation == "CreateFleet" || operation == "RunInstances" || operation == "StartInstances";
}

bool ends_instances(std::string_view operation) {
  return operation == "TerminateInstances";
}

}  // namespace

double Pacing::instances_in(std::string_view operation, const Json& input) {
  if (operation == "CreateFleet")
    return input["TargetCapacitySpecification"]["TotalTargetCapacity"].as_double();
  if (operation == "RunInstances") return input["MaxCount"].as_double();
  return starts_instances(operation) || ends_instances(operation)
             ? static_cast<double>(input["InstanceIds"].items().size())
             : 0;
}

void Pacing::Bucket::refill(Time now) {
  if (now <= at) return;
  const double seconds = std::chrono::duration<double>(now - at).count();
  tokens = std::min(rate.burst, tokens + seconds * rate.per_second);
  at = now;
}

Pacing::Bucket& Pacing::bucket(const std::string& name, Rate rate, Time now) {
  Bucket& bucket = buckets_.try_emplace(name, Bucket{rate, rate.burst, now}).first->second;
  bucket.refill(now);
  return bucket;
}

Rate Pacing::request_rate(std::string_view operation) const {
  Rate rate{50, 5};
  if (starts_instances(operation))
    rate = {5, 2};
  else if (ends_instances(operation) || operation == "CreateNetworkInterface" ||
           operation == "CreateLaunchTemplateVersion")
    rate = {100, 5};
  else if (operation == "CreateTags" || operation == "DeleteTags")
    rate = {100, 10};
  else if (operation == "CreateVpcEndpoint")
    rate = {4, 0.3};
  else if (operation.starts_with("Describe") || operation.starts_with("Get"))
    rate = {100, 20};
  return {rate.burst * rates_.factor, rate.per_second * rates_.factor};
}

Duration Pacing::take(std::string_view operation, double instances, Time now) {
  const std::lock_guard lock(mutex_);
  const bool describes = operation.starts_with("Describe") || operation.starts_with("Get");
  Bucket& requests = bucket(describes ? "Describe*" : std::string(operation), request_rate(operation), now);
  requests.tokens -= 1;
  if (starts_instances(operation)) bucket(std::string(kLaunches), rates_.launches, now).tokens -= instances;
  if (ends_instances(operation)) bucket(std::string(kEnds), rates_.ends, now).tokens -= instances;
  if (requests.tokens >= 0) return {};
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(-requests.tokens / requests.rate.per_second));
}

void Pacing::refused(std::string_view operation, Time now) {
  const std::lock_guard lock(mutex_);
  const auto empty = [&](std::string_view name, Rate rate) {
    Bucket& found = bucket(std::string(name), rate, now);
    found.tokens = std::min(found.tokens, 0.0);
  };
  if (starts_instances(operation)) empty(kLaunches, rates_.launches);
  if (ends_instances(operation)) empty(kEnds, rates_.ends);
}

size_t Pacing::launches_left(Time now) {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::max(0.0, bucket(std::string(kLaunches), rates_.launches, now).tokens));
}

size_t Pacing::ends_left(Time now) {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::max(0.0, bucket(std::string(kEnds), rates_.ends, now).tokens));
}

}  // namespace spillway::aws
