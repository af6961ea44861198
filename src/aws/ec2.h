#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aws/client.h"
#include "base/ids.h"

namespace spillway::aws {

struct Tag {
  std::string key, value;
  bool operator==(const Tag&) const = default;
};

struct Instance {
  InstanceId id;
  std::string state;  // pending, running, shutting-down, terminated, stopping, stopped
  IpAddress private_ip;
  std::string type, zone, subnet;
  std::string lifecycle;     // "spot" or "on-demand"
  std::string state_reason;  // "code: message"; empty while nothing happened
  std::string client_token;
  Time launched;
  std::vector<Tag> tags;
  /// The value of a tag; "" when there is none.
  std::string tag(std::string_view key) const;
};

/// Why a part of a fleet could not be launched, and where.
struct FleetError {
  std::string code, message, type, subnet, zone;
};

/// Instances and errors can come together.
struct FleetAnswer {
  struct Launched {
    InstanceId id;
    std::string type, subnet, zone;
  };
  std::string fleet_id;
  std::vector<Launched> instances;
  std::vector<FleetError> errors;
};

/// What a token bucket holds, and can hold.
struct Room {
  size_t left = SIZE_MAX, most = SIZE_MAX;
};

/// A disk or a network interface that is attached to nothing.
struct Leftover {
  enum class What { volume, interface };
  What what = What::volume;
  std::string id;
  auto operator<=>(const Leftover&) const = default;
};

struct Filter {
  std::string name;
  std::vector<std::string> values;
};

/// EC2's calls for the path of a node. Errors of all: those of Client::call. The simulator puts its model of
/// EC2 in place of the client, at this seam.
class Ec2 {
 public:
  explicit Ec2(Client& client) : client_(&client) {}
  virtual ~Ec2() = default;

  /// AWS's clock minus ours, by the last answer; nothing before the first.
  virtual std::optional<Duration> clock_offset() const {
    return client_ ? client_->clock_offset() : std::nullopt;
  }

  /// How many instances may be started, and ended, now, by our account of EC2's token buckets.
  virtual Room launches_left(Time now) const;
  virtual Room ends_left(Time now) const;

  /// CreateFleet with its input shape as JSON, which the caller has journaled; idempotent by its ClientToken.
  virtual Result<FleetAnswer> create_fleet(const Json& request, Deadline deadline);
  /// Several of them side by side; answers in their order.
  virtual std::vector<Result<FleetAnswer>> create_fleets(const std::vector<Json>& requests,
                                                         Deadline deadline);
  /// All pages. Source: EC2 API, DescribeInstances.
  virtual Result<std::vector<Instance>> describe_instances(const std::vector<Filter>& filters,
                                                           Deadline deadline);
  /// What each of several filters finds, asked for side by side, as one list.
  virtual Result<std::vector<Instance>> describe_each(const std::vector<Filter>& filters, Deadline deadline);
  /// Those of `ids` that EC2 shows; an unknown one is left out, as it may be too new to be seen.
  virtual Result<std::vector<Instance>> describe_instances(const std::vector<InstanceId>& ids,
                                                           Deadline deadline);
  /// Terminates all of `ids`, at most 1,000 a call; unknown ones do not keep the others alive. Gives id and
  /// state of each that EC2 knew. Safe to repeat.
  virtual Result<std::vector<Instance>> terminate(const std::vector<InstanceId>& ids, Deadline deadline);
  /// Sets `tags` on all of `ids`, at most 1,000 a call; safe to repeat.
  virtual Result<void> create_tags(const std::vector<InstanceId>& ids, const std::vector<Tag>& tags,
                                   Deadline deadline);
  /// Volumes and network interfaces with these tags that are attached to nothing now. All pages.
  virtual Result<std::vector<Leftover>> leftovers(const std::vector<Filter>& filters, Deadline deadline);
  /// Deletes it; one that is gone is success. Errors: also conflict, when it is attached by now.
  virtual Result<void> discard(const Leftover& leftover, Deadline deadline);

 protected:
  Ec2() = default;

 private:
  /// What all pages of these calls list.
  Result<std::vector<Instance>> list_instances(std::vector<Call> calls, Deadline deadline);
  Result<std::vector<Instance>> terminate_known(std::vector<std::string> ids, Deadline deadline);
  Client* client_ = nullptr;
};

}  // namespace spillway::aws
