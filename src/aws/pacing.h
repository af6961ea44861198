#pragma once
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"

namespace spillway::aws {

/// A bucket as AWS keeps it: `burst` tokens at most, refilled at `per_second`.
struct Rate {
  double burst = 0, per_second = 0;
};

/// What EC2 allows an account in one region. Source: EC2 API, Throttling; CreateFleet is not listed there and
/// counted as RunInstances is.
struct Rates {
  double factor = 1;       // of all request rates, for accounts whose quotas were raised
  Rate launches{1000, 2};  // instances that RunInstances and CreateFleet may start
  Rate ends{1000, 20};     // instances that TerminateInstances may end
};

/// Keeps our own account of EC2's token buckets, so that we wait before a call instead of being refused after
/// it. Others may draw on the same buckets: a refusal empties ours. Safe to use from several threads.
class Pacing {
 public:
  explicit Pacing(Rates rates) : rates_(rates) {}

  /// Takes what one request of `operation` costs, and gives how long it has to wait before it is sent. The
  /// `instances` that it starts or ends are taken from their bucket, be it full enough or not.
  Duration take(std::string_view operation, double instances, Time now);
  /// How many instances a call starts or ends.
  static double instances_in(std::string_view operation, const Json& input);
  /// AWS refused `operation` for its rate.
  void refused(std::string_view operation, Time now);
  /// How many instances may be asked for, or ended, now.
  size_t launches_left(Time now);
  size_t ends_left(Time now);
  const Rates& rates() const { return rates_; }

 private:
  struct Bucket {
    Rate rate;
    double tokens = 0;
    Time at{};
    void refill(Time now);
  };
  Bucket& bucket(const std::string& name, Rate rate, Time now);
  Rate request_rate(std::string_view operation) const;

  const Rates rates_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace spillway::aws
