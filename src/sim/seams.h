#pragma once
#include <deque>
#include <functional>
#include <map>

#include "aws/ec2.h"
#include "aws/s3.h"
#include "dns/exchange.h"
#include "fleet/wish.h"
#include "sim/effects.h"
#include "slurm/controller.h"

// The world as the process meets it: each call is an effect, to which the schedule may do something.
namespace spillway::sim {

/// Looks at each request to EC2 as it is delivered.
struct Ec2Watch {
  std::function<void(const Json& request)> fleet;
  std::function<void(const Json& request, const Result<aws::FleetAnswer>&)> fleet_answer;
  std::function<void(const std::vector<InstanceId>&)> terminate;
  std::function<void(std::string_view operation)> call;
  /// What a list shows, in place of what it would.
  std::function<void(std::vector<aws::Instance>&)> list;
};

class FaultyEc2 final : public aws::Ec2 {
 public:
  FaultyEc2(aws::Ec2& inner, Effects& effects, const Ec2Watch& watch)
      : inner_(inner), effects_(effects), watch_(watch) {}
  Result<aws::FleetAnswer> create_fleet(const Json& request, Deadline deadline) override;
  Result<std::vector<aws::Instance>> describe_instances(const std::vector<aws::Filter>& filters,
                                                        Deadline deadline) override;
  Result<std::vector<aws::Instance>> describe_instances(const std::vector<InstanceId>& ids,
                                                        Deadline deadline) override;
  Result<std::vector<aws::Instance>> terminate(const std::vector<InstanceId>& ids,
                                               Deadline deadline) override;
  Result<void> create_tags(const std::vector<InstanceId>& ids, const std::vector<aws::Tag>& tags,
                           Deadline deadline) override;

 private:
  aws::Ec2& inner_;
  Effects& effects_;
  const Ec2Watch& watch_;
  std::optional<std::vector<aws::Instance>> last_list_;
};

class FaultyS3 final : public aws::S3 {
 public:
  FaultyS3(aws::S3& inner, Effects& effects) : inner_(inner), effects_(effects) {}
  Result<std::string> get(std::string_view key, Deadline deadline) override;
  Result<void> put(std::string_view key, std::string body, Deadline deadline) override;
  Result<void> put_if_absent(std::string_view key, std::string body, Deadline deadline) override;
  Result<void> copy(std::string_view from, std::string_view to, Deadline deadline) override;
  Result<void> remove(std::string_view key, Deadline deadline) override;
  Result<std::vector<std::string>> list(std::string_view prefix, Deadline deadline) override;
  Result<void> copy_all(const std::vector<std::pair<std::string, std::string>>& from_to,
                        Deadline deadline) override;
  Result<void> remove_all(const std::vector<std::string>& keys, Deadline deadline) override;

 private:
  aws::S3& inner_;
  Effects& effects_;
};

class FaultyController final : public slurm::Controller {
 public:
  FaultyController(slurm::Controller& inner, Effects& effects) : inner_(inner), effects_(effects) {}
  std::function<void(const std::vector<NodeName>&, slurm::NodeAction)> ordered;
  Result<slurm::Version> version(Deadline deadline) override { return inner_.version(deadline); }
  Result<std::vector<slurm::Node>> nodes(const std::vector<NodeName>& only, Deadline deadline) override;
  Result<std::vector<slurm::Job>> jobs(Deadline deadline) override;
  Result<std::vector<slurm::JobRecord>> records(const slurm::RecordQuery& q, Deadline d) override {
    return inner_.records(q, d);
  }
  Result<void> set_addresses(const std::vector<slurm::AddressUpdate>& updates, Deadline deadline) override;
  Result<void> reset_addresses(const std::vector<NodeName>& nodes, Deadline deadline) override;
  Result<void> set_state(const std::vector<NodeName>& nodes, slurm::NodeAction action,
                         const std::string& reason, Deadline deadline) override;
  Result<void> signal_job(int64_t job, const std::string& signal, Deadline deadline) override;
  Result<void> requeue(int64_t job, Deadline deadline) override;
  Result<std::map<std::string, std::string>> configuration(Deadline deadline) override {
    return inner_.configuration(deadline);
  }

 private:
  slurm::Controller& inner_;
  Effects& effects_;
  std::optional<std::vector<slurm::Node>> last_nodes_;
};

class FaultyExchange final : public dns::Exchange {
 public:
  FaultyExchange(dns::Exchange& inner, Effects& effects) : inner_(inner), effects_(effects) {}
  Result<std::vector<std::string>> send(const std::vector<std::string>& messages, Deadline deadline) override;
  std::string peer() const override { return inner_.peer(); }
  std::function<void()> sent;

 private:
  dns::Exchange& inner_;
  Effects& effects_;
};

/// The spool on a disk in memory; what is written is durable, as Spool's is.
class MemorySpool final : public fleet::Spool {
 public:
  explicit MemorySpool(Effects& effects) : Spool({}), effects_(effects) {}
  Result<void> write(const fleet::Wish& wish) const override;
  Result<fleet::SpoolContents> read() const override;
  Result<void> remove(const std::string& id) const override;
  Result<void> set_aside(const std::string&) const override { return {}; }
  /// A file of which there was one before is there again.
  bool bring_back(uint32_t chance);
  bool empty() const { return files_.empty(); }
  std::function<void(Duration, fleet::SpooledWish)> later;
  std::function<void(const std::string& id)> removes;
  void put(fleet::SpooledWish wish) const { files_.insert_or_assign(wish.id, std::move(wish)); }

 private:
  Effects& effects_;
  mutable std::map<std::string, fleet::SpooledWish> files_;
  mutable std::vector<fleet::SpooledWish> past_;
  mutable int written_ = 0;
};

}  // namespace spillway::sim
