// The executor's steps that act on AWS.
#include <algorithm>
#include <set>

#include "aws/errors.h"
#include "base/log.h"
#include "base/planted.h"
#include "fleet/executor.h"
#include "fleet/fleet_request.h"
#include "fleet/layout.h"
#include "fleet/parking.h"
#include "fleet/reaction.h"

namespace spillway::fleet {
namespace {

constexpr Code kNoCloud{"SPW-FLEET-002", "the configuration no longer has the group of this machine",
                        "put the node group back into partitions.json until its machines are gone"};

constexpr int kPatienceWithIam = 6;  // tries, ten seconds apart, until a new role is known everywhere

/// How long an offering rests after its first such error.
Duration rest_after(Reaction reaction, const Policy& policy) {
  switch (reaction) {
    case Reaction::next_offering:
      return policy.capacity_rest;
    case Reaction::quota:
      return std::chrono::minutes{10};
    case Reaction::later:
      return std::chrono::seconds{5};
    case Reaction::settle:
      return std::chrono::seconds{10};
    default:
      return std::chrono::minutes{30};
  }
}

/// What fell short, in EC2's own words, without repetitions.
std::string shortfall(const aws::FleetAnswer& answer) {
  std::vector<std::string> texts;
  for (const aws::FleetError& error : answer.errors) {
    std::string text = fmt::format("{}: {}", error.code, error.message);
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
  }
  return fmt::format("{}", fmt::join(texts, "; "));
}

}  // namespace

Result<aws::Ec2*> Executor::ec2_of(const MachineRecord& machine) const {
  const auto cloud = outside_.ec2.find(machine.cloud);
  return cloud != outside_.ec2.end() ? Result<aws::Ec2*>(cloud->second) : ec2_of(machine.group);
}

Result<aws::Ec2*> Executor::ec2_of(const GroupName& group) const {
  const auto found = policy_.groups.find(group);
  if (found != policy_.groups.end()) {
    const auto cloud = outside_.ec2.find(cloud_of(found->second.profile, found->second.region));
    if (cloud != outside_.ec2.end()) return cloud->second;
  }
  if (outside_.ec2.size() == 1) return outside_.ec2.begin()->second;
  return Error{Kind::invalid, kNoCloud, fmt::format("no account and region for group '{}'", group)};
}

Result<bool> Executor::is_wanted(const LaunchRecord& launch) {
  for (const LaunchNode& each : launch.nodes) {
    const auto node = TRY(journal_.node(each.node));
    if (node && node->wanted == Wanted::up && node->epoch == each.epoch) return true;
  }
  return false;
}

Result<void> Executor::act(const Launch& step, const Records&, Deadline deadline) {
  return launch({&step}, deadline).front();
}

std::vector<Result<void>> Executor::launch(const std::vector<const Launch*>& steps, Deadline deadline,
                                           const Answered& answered) {
  std::vector<Result<void>> outcomes(steps.size());
  struct Asked {
    std::vector<LaunchRecord> launches;
    std::vector<size_t> places;  // among the outcomes
  };
  std::map<aws::Ec2*, Asked> by_cloud;
  const auto journaled = journal_.transaction([&]() -> Result<void> {
    by_cloud.clear();
    for (size_t i = 0; i < steps.size(); ++i) {
      LaunchRecord launch = steps[i]->record;
      if (!TRY(is_wanted(launch))) continue;  // by an earlier step of the same plan
      ++launch.tries;
      if (planted(Bug::new_token_each_try))
        launch.request.set("ClientToken", fmt::format("{}-{}", launch.intent, launch.tries));
      const auto ec2 = ec2_of(launch.group);
      if (!ec2) {
        outcomes[i] = ec2.error();
        continue;
      }
      TRY(journal_.save(launch));
      for (const LaunchNode& each : launch.nodes)
        TRY(note("launch", each.node, {}, launch.intent, each.job, launch.tries > 1 ? "repeated" : ""));
      by_cloud[*ec2].launches.push_back(std::move(launch));
      by_cloud[*ec2].places.push_back(i);
    }
    return {};
  });
  if (!journaled) return std::vector<Result<void>>(steps.size(), journaled);
  for (auto& [ec2, asked] : by_cloud) {
    std::vector<Json> requests;
    for (const LaunchRecord& launch : asked.launches) requests.push_back(launch.request);
    auto answers = ec2->create_fleets(requests, deadline);
    std::vector<IntentId> launched;
    for (size_t i = 0; i < answers.size(); ++i)
      if (answers[i] && !answers[i]->instances.empty()) launched.push_back(asked.launches[i].intent);
    if (answered && !launched.empty()) answered(*ec2, launched);
    for (size_t i = 0; i < answers.size(); ++i)
      outcomes[asked.places[i]] = record(std::move(asked.launches[i]), std::move(answers[i]));
  }
  return outcomes;
}

Result<void> Executor::record(LaunchRecord launch, Result<aws::FleetAnswer> answer) {
  return answer ? record_answer(std::move(launch), *answer)
                : record_refusal(std::move(launch), answer.error());
}

Result<void> Executor::record_answer(LaunchRecord launch, const aws::FleetAnswer& answer) {
  launch.state = LaunchState::answered;
  launch.answered_at = now();
  launch.error = shortfall(answer);
  const auto group = policy_.groups.find(launch.group);
  const std::string cloud =
      group == policy_.groups.end() ? "" : cloud_of(group->second.profile, group->second.region);
  return journal_.transaction([&]() -> Result<void> {
    for (const auto& launched : answer.instances) {
      if (TRY(journal_.machine(launched.id))) continue;  // a repeated answer
      TRY(journal_.save(MachineRecord{.id = launched.id,
                                      .intent = launch.intent,
                                      .group = launch.group,
                                      .cloud = cloud,
                                      .launched_at = now()}));
      TRY(note("launched", {}, launched.id, launch.intent, 0, launched.type));
    }
    if (!launch.error.empty()) TRY(note("shortfall", {}, {}, launch.intent, 0, launch.error));
    TRY(rest_pools(launch, cloud, answer));
    return journal_.save(launch);
  });
}

Result<void> Executor::rest_pools(const LaunchRecord& launch, const std::string& cloud,
                                  const aws::FleetAnswer& answer) {
  const std::string& purchasing =
      launch.request["TargetCapacitySpecification"]["DefaultTargetCapacityType"].as_string();
  for (const auto& launched : answer.instances)
    TRY(journal_.forget_pool(pool_of(cloud, purchasing, launched.type, launched.subnet)));
  std::set<std::string> resting;
  bool hopeless = answer.instances.empty() && !answer.errors.empty();
  for (const aws::FleetError& error : answer.errors) {
    const Reaction reaction = reaction_to(error.code, error.message);
    hopeless = hopeless && (reaction == Reaction::configuration || reaction == Reaction::authentication);
    const std::vector<std::string> pools =
        error.type.empty() || error.subnet.empty()
            ? pools_of(cloud, launch.request)
            : std::vector{pool_of(cloud, purchasing, error.type, error.subnet)};
    for (const std::string& pool : pools)
      if (resting.insert(pool).second)
        TRY(journal_.save(benched(TRY(journal_.pool(pool)), rest_after(reaction, policy_),
                                  fmt::format("{}: {}", error.code, error.message), now())));
  }
  return hopeless ? park(journal_, launch.group, launch.error, now()) : Result<void>{};
}

Result<void> Executor::ask_again(LaunchRecord launch, const Error& error, Duration wait) {
  launch.not_before = now() + wait;
  TRY(journal_.save(launch));
  return Error{error};
}

Result<void> Executor::record_refusal(LaunchRecord launch, const Error& error) {
  launch.error = error.why.empty() ? error.what : fmt::format("{} ({})", error.what, error.why);
  const std::string& code = aws::error_code(error);
  // Credentials come back, and an answer that could not be read may have been a yes: neither is EC2's
  // refusal. The call may have succeeded: the same token asks again and launches nothing new.
  const bool is_a_no = planted(Bug::lost_answer_is_a_no);
  if (!is_a_no && (error.retryable() || error.kind == Kind::credentials || error.kind == Kind::internal))
    return ask_again(std::move(launch), error,
                     std::min<Duration>(std::chrono::seconds{1} * (1 << std::min(launch.tries - 1, 5)),
                                        std::chrono::seconds{30}));
  const Reaction reaction = code.empty() ? Reaction::configuration : reaction_to(code, error.what);
  if (reaction == Reaction::settle && launch.tries < kPatienceWithIam)
    return ask_again(std::move(launch), error, rest_after(reaction, policy_));
  if (reaction == Reaction::next_offering || reaction == Reaction::quota)
    return record_answer(std::move(launch),
                         {.fleet_id = {}, .instances = {}, .errors = {{code, error.what, {}, {}, {}}}});
  launch.state = LaunchState::failed;
  launch.answered_at = now();
  return journal_.transaction([&]() -> Result<void> {
    TRY(park(journal_, launch.group, launch.error, now()));
    return journal_.save(launch);
  });
}

Result<void> Executor::act(const Publish& step, const Records& records, Deadline deadline) {
  if (outside_.bucket) {
    std::vector<MachineRecord> machines;
    GroupName group;
    for (const auto& [id, machine] : records.machines) {
      if (machine.intent != step.intent || machine.node.empty()) continue;
      if (!planted(Bug::publishes_nothing)) machines.push_back(machine);
      group = machine.group;
    }
    TRY(outside_.bucket->put(launch_key(policy_.cluster, step.intent),
                             launch_document(policy_.cluster, step.intent, group, machines).dump(),
                             deadline));
  }
  return update(step.instances, "", "", [&](MachineRecord& m) { m.published_at = now(); });
}

Result<void> Executor::act(const Release& step, const Records&, Deadline deadline) {
  if (outside_.bucket && !policy_.compute_role_id.empty()) {
    std::vector<std::pair<std::string, std::string>> copies;
    for (const InstanceId& id : step.instances)
      for (const std::string& name : policy_.secrets)
        copies.emplace_back(secret_key(policy_.cluster, name),
                            released_key(policy_.cluster, policy_.compute_role_id, id, name));
    TRY(outside_.bucket->copy_all(copies, deadline));
  }
  return update(step.instances, "released", "", [&](MachineRecord& m) { m.released_at = now(); });
}

Result<void> Executor::act(const Withdraw& step, const Records&, Deadline deadline) {
  if (outside_.bucket && !policy_.compute_role_id.empty() && !planted(Bug::secrets_left)) {
    std::vector<std::string> keys;
    for (const InstanceId& id : step.instances)
      for (const std::string& name : policy_.secrets)
        keys.push_back(released_key(policy_.cluster, policy_.compute_role_id, id, name));
    TRY(outside_.bucket->remove_all(keys, deadline));
  }
  return update(step.instances, "", "", [&](MachineRecord& m) { m.withdrawn_at = now(); });
}

Result<void> Executor::act(const Connect& step, const Records&, Deadline deadline) {
  if (!outside_.bucket) return {};
  return outside_.bucket->put(vpn::nodes_key(policy_.cluster.value), vpn::nodes_text(step.peers), deadline);
}

Result<void> Executor::act(const Forget& step, const Records&, Deadline deadline) {
  if (!outside_.bucket) return {};
  return outside_.bucket->remove_all(step.objects, deadline);
}

Result<void> Executor::act(const WriteTags& step, const Records&, Deadline deadline) {
  Result<void> outcome;
  for (const MachineRecord& machine : step.machines) {
    const auto group = policy_.groups.find(machine.group);
    if (group == policy_.groups.end()) continue;
    aws::Ec2* ec2 = TRY(ec2_of(machine));
    const auto tagged = ec2->create_tags({machine.id}, machine_tags(group->second, machine), deadline);
    if (tagged)
      TRY(update({machine.id}, "", "", [&](MachineRecord& m) { m.tagged_at = now(); }));
    else
      outcome = tagged;  // the others need not wait for it
  }
  return outcome;
}

Result<void> Executor::act(const Terminate& step, const Records& records, Deadline deadline) {
  std::map<aws::Ec2*, std::vector<InstanceId>> by_cloud;
  for (const InstanceId& id : step.instances)
    if (const auto machine = records.machines.find(id); machine != records.machines.end())
      by_cloud[TRY(ec2_of(machine->second))].push_back(id);
  for (const auto& [ec2, ids] : by_cloud) {
    TRY(update(ids, "terminate", step.reason, [&](MachineRecord& m) {
      m.terminate_at = now();
      if (planted(Bug::asking_is_the_end)) m.closed_at = now();
      m.end_reason = step.reason;
    }));
    TRY(ec2->terminate(ids, deadline));
  }
  return {};
}

}  // namespace spillway::fleet
