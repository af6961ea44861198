#include "sim/seams.h"

namespace spillway::sim {
namespace {

/// What a question is answered with: a repeated one with what was said before.
template <class T>
Result<T> asked(Effects& effects, Action action, std::optional<T>& last,
                const std::function<Result<T>()>& ask) {
  const std::optional<Fault> fault = effects.before(action);
  if (fault == Fault::fail_before) return effects.error();
  Result<T> answer = fault == Fault::repeated && last ? Result<T>(*last) : ask();
  if (answer && fault != Fault::repeated && effects.plans(action, Fault::repeated)) last = *answer;
  effects.after(fault);
  if (fault == Fault::fail_after) return effects.error();
  return answer;
}

}  // namespace

Result<aws::FleetAnswer> FaultyEc2::create_fleet(const Json& request, Deadline deadline) {
  return effects_.perform<aws::FleetAnswer>(kLookAtEc2, [&] {
    watch_.call("CreateFleet");
    watch_.fleet(request);
    auto answer = inner_.create_fleet(request, deadline);
    watch_.fleet_answer(request, answer);
    return answer;
  });
}

Result<std::vector<aws::Instance>> FaultyEc2::describe_instances(const std::vector<aws::Filter>& filters,
                                                                 Deadline deadline) {
  return asked<std::vector<aws::Instance>>(effects_, kLookAtEc2, last_list_, [&] {
    watch_.call("DescribeInstances");
    auto list = inner_.describe_instances(filters, deadline);
    if (list) watch_.list(*list);
    return list;
  });
}

Result<std::vector<aws::Instance>> FaultyEc2::describe_instances(const std::vector<InstanceId>& ids,
                                                                 Deadline deadline) {
  return effects_.perform<std::vector<aws::Instance>>(kLookAtEc2, [&] {
    watch_.call("DescribeInstances");
    auto list = inner_.describe_instances(ids, deadline);
    if (list) watch_.list(*list);
    return list;
  });
}

Result<std::vector<aws::Instance>> FaultyEc2::terminate(const std::vector<InstanceId>& ids,
                                                        Deadline deadline) {
  return effects_.perform<std::vector<aws::Instance>>(kLookAtEc2, [&] {
    watch_.call("TerminateInstances");
    watch_.terminate(ids);
    return inner_.terminate(ids, deadline);
  });
}

Result<void> FaultyEc2::create_tags(const std::vector<InstanceId>& ids, const std::vector<aws::Tag>& tags,
                                    Deadline deadline) {
  return effects_.perform<void>(kLookAtEc2, [&] {
    watch_.call("CreateTags");
    return inner_.create_tags(ids, tags, deadline);
  });
}

Result<std::string> FaultyS3::get(std::string_view key, Deadline deadline) {
  return effects_.perform<std::string>(kRecover, [&] { return inner_.get(key, deadline); });
}
Result<void> FaultyS3::put(std::string_view key, std::string body, Deadline deadline) {
  return effects_.perform<void>(kRecover, [&] { return inner_.put(key, body, deadline); });
}
Result<void> FaultyS3::put_if_absent(std::string_view key, std::string body, Deadline deadline) {
  return effects_.perform<void>(kRecover, [&] { return inner_.put_if_absent(key, body, deadline); });
}
Result<void> FaultyS3::copy(std::string_view from, std::string_view to, Deadline deadline) {
  return effects_.perform<void>(kRecover, [&] { return inner_.copy(from, to, deadline); });
}
Result<void> FaultyS3::remove(std::string_view key, Deadline deadline) {
  return effects_.perform<void>(kRecover, [&] { return inner_.remove(key, deadline); });
}
Result<std::vector<std::string>> FaultyS3::list(std::string_view prefix, Deadline deadline) {
  return effects_.perform<std::vector<std::string>>(kRecover, [&] { return inner_.list(prefix, deadline); });
}
Result<void> FaultyS3::copy_all(const std::vector<std::pair<std::string, std::string>>& from_to,
                                Deadline deadline) {
  return effects_.perform<void>(kRecover, [&] { return inner_.copy_all(from_to, deadline); });
}
Result<void> FaultyS3::remove_all(const std::vector<std::string>& keys, Deadline deadline) {
  return effects_.perform<void>(kRecover, [&] { return inner_.remove_all(keys, deadline); });
}

Result<std::vector<slurm::Node>> FaultyController::nodes(const std::vector<NodeName>& only,
                                                         Deadline deadline) {
  return asked<std::vector<slurm::Node>>(effects_, kLookAtSlurm, last_nodes_,
                                         [&] { return inner_.nodes(only, deadline); });
}
Result<std::vector<slurm::Job>> FaultyController::jobs(Deadline deadline) {
  return effects_.perform<std::vector<slurm::Job>>(kLookAtSlurm, [&] { return inner_.jobs(deadline); });
}
Result<void> FaultyController::set_addresses(const std::vector<slurm::AddressUpdate>& updates,
                                             Deadline deadline) {
  return effects_.perform<void>(kLookAtSlurm, [&] { return inner_.set_addresses(updates, deadline); });
}
Result<void> FaultyController::reset_addresses(const std::vector<NodeName>& nodes, Deadline deadline) {
  return effects_.perform<void>(kLookAtSlurm, [&] { return inner_.reset_addresses(nodes, deadline); });
}
Result<void> FaultyController::set_state(const std::vector<NodeName>& nodes, slurm::NodeAction action,
                                         const std::string& reason, Deadline deadline) {
  return effects_.perform<void>(kLookAtSlurm, [&] {
    ordered(nodes, action);
    return inner_.set_state(nodes, action, reason, deadline);
  });
}

Result<void> FaultyController::signal_job(int64_t job, const std::string& signal, Deadline deadline) {
  return effects_.perform<void>(kLookAtSlurm, [&] { return inner_.signal_job(job, signal, deadline); });
}

Result<void> FaultyController::requeue(int64_t job, Deadline deadline) {
  return effects_.perform<void>(kLookAtSlurm, [&] { return inner_.requeue(job, deadline); });
}

Result<std::vector<std::string>> FaultyExchange::send(const std::vector<std::string>& messages,
                                                      Deadline deadline) {
  return effects_.perform<std::vector<std::string>>(kLookAtNames, [&] {
    auto answers = inner_.send(messages, deadline);
    sent();
    return answers;
  });
}

/// A hook is a process of its own: what befalls it does not end the daemon.
Result<void> MemorySpool::write(const fleet::Wish& wish) const {
  fleet::SpooledWish file{
      fmt::format("{:020}-{:06}.wish", wish.made_at.time_since_epoch().count(), ++written_), wish};
  std::optional<Fault> fault;
  try {
    fault = effects_.before(kWriteWish);
  } catch (const Crash&) {
    return Error{Kind::interrupted, "the hook was killed"};
  }
  if (fault == Fault::fail_before) return Error{Kind::io, "no space"};
  past_.push_back(file);
  if (fault == Fault::late)
    later(std::chrono::seconds{20}, std::move(file));
  else if (fault == Fault::repeated) {
    later(std::chrono::seconds{5}, file);
    put(std::move(file));
  } else {
    put(std::move(file));
  }
  return {};
}

Result<fleet::SpoolContents> MemorySpool::read() const {
  if (files_.empty()) return fleet::SpoolContents{};
  return effects_.perform<fleet::SpoolContents>(kTakeWishes, [&]() -> Result<fleet::SpoolContents> {
    fleet::SpoolContents contents;
    for (const auto& [id, wish] : files_) contents.wishes.push_back(wish);
    return contents;
  });
}

Result<void> MemorySpool::remove(const std::string& id) const {
  return effects_.perform<void>(kTakeWishes, [&]() -> Result<void> {
    removes(id);
    files_.erase(id);
    return {};
  });
}

bool MemorySpool::bring_back(uint32_t chance) {
  if (past_.empty()) return false;
  put(past_[chance % past_.size()]);
  return true;
}

}  // namespace spillway::sim
