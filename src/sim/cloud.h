#pragma once
#include <functional>
#include <memory>

#include "aws/ec2.h"
#include "aws/s3.h"
#include "emu/account.h"
#include "emu/call.h"
#include "emu/faults.h"

namespace spillway::sim {

constexpr const char* kBucket = "slurm-burst-data";
constexpr const char* kRole = "AROASPILLWAYCOMPUTE1";

/// The emulator's account without HTTP, XML and signatures in between: the same state, moved by the same
/// operations. What a request would cost in time is what makes a schedule slow; http_cloud.h has the whole
/// way, and both must give the same.
class Cloud {
 public:
  /// An account with a subnet, an image, a launch template and a bucket, as the emulator's example seed has
  /// it. Made once, then copied: copies start at the same identifiers.
  explicit Cloud(const emu::Account& like);
  static emu::Account make_account(Clock& clock);

  emu::Account& account() { return account_; }
  const emu::Account& account() const { return account_; }
  /// What was asked for, once it has gone through the rules for misbehaving: the answer's body, or the error.
  Result<std::string> ask(std::string_view operation, emu::Params params);
  /// A whole request to S3, for those rules.
  Result<void> ask_s3(std::string_view operation);
  /// What the account's rules do to a request.
  emu::RequestTrouble trouble_of(const std::string& service, std::string_view operation,
                                 const emu::Params& params);
  std::map<std::string, emu::Object>& objects() { return account_.buckets.find(kBucket)->second.objects; }

 private:
  emu::Account account_;
  emu::Identity who_;
};

/// An instance as DescribeInstances shows it.
aws::Instance shown(const emu::Instance& instance);

class ModelEc2 final : public aws::Ec2 {
 public:
  explicit ModelEc2(Cloud& cloud) : cloud_(cloud) {}
  Result<aws::FleetAnswer> create_fleet(const Json& request, Deadline) override;
  Result<std::vector<aws::Instance>> describe_instances(const std::vector<aws::Filter>& filters,
                                                        Deadline) override;
  Result<std::vector<aws::Instance>> describe_instances(const std::vector<InstanceId>& ids,
                                                        Deadline) override;
  Result<std::vector<aws::Instance>> terminate(const std::vector<InstanceId>& ids, Deadline) override;
  Result<void> create_tags(const std::vector<InstanceId>& ids, const std::vector<aws::Tag>& tags,
                           Deadline) override;

 private:
  Cloud& cloud_;
};

class ModelS3 final : public aws::S3 {
 public:
  explicit ModelS3(Cloud& cloud) : cloud_(cloud) {}
  Result<std::string> get(std::string_view key, Deadline) override;
  Result<void> put(std::string_view key, std::string body, Deadline) override;
  Result<void> put_if_absent(std::string_view key, std::string body, Deadline) override;
  Result<void> copy(std::string_view from, std::string_view to, Deadline) override;
  Result<void> remove(std::string_view key, Deadline) override;
  Result<std::vector<std::string>> list(std::string_view prefix, Deadline) override;
  Result<void> copy_all(const std::vector<std::pair<std::string, std::string>>& from_to, Deadline) override;
  Result<void> remove_all(const std::vector<std::string>& keys, Deadline) override;

 private:
  Cloud& cloud_;
};

}  // namespace spillway::sim
