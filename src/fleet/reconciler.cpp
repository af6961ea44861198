#include "fleet/reconciler.h"

#include <set>

#include "base/log.h"
#include "base/planted.h"
#include "base/text.h"
#include "fleet/layout.h"
#include "fleet/leftovers.h"
#include "fleet/names.h"
#include "fleet/parking.h"
#include "fleet/plan.h"
#include "fleet/spot.h"
#include "slurm/hostlist.h"
#include "slurm/resume_file.h"

namespace spillway::fleet {
namespace {

constexpr auto kSuspendTimeEvery = std::chrono::minutes{10};
constexpr auto kNamesEvery = std::chrono::minutes{5};
constexpr auto kJobsAtMost = std::chrono::seconds{5};
constexpr auto kNamesAtMost = std::chrono::seconds{10};
constexpr int kRoundsAtMost = 12;  // plan and act this often on one look at the world

void tell(const Error& error) {
  log::error("fleet", "{}", to_string(error));
}

bool is_about_names(const Step& step) {
  return std::holds_alternative<Register>(step) || std::holds_alternative<Unregister>(step) ||
         std::holds_alternative<Sweep>(step);
}

}  // namespace

void Reconciler::trouble(Pass& pass, Error error) {
  tell(error);
  ++pass.failures;
  if (!pass.trouble) pass.trouble = std::move(error);
}

Result<Pass> Reconciler::pass(Deadline deadline) {
  Pass pass;
  // Without the spool Slurm's own states still tell what is wished for.
  if (auto taken = take_wishes())
    pass.steps += *taken;
  else
    trouble(pass, std::move(taken).error());
  TRY(observe(pass, deadline));
  if (!world_.recovered) {
    if (auto recovered = recover(deadline); !recovered) {
      trouble(pass, recovered.error());
      pass.in_motion = true;
      return pass;
    }
  }
  // What did not work is left for the next pass, and what worked is not done again before Slurm was looked at
  // anew.
  std::set<std::string> tried;
  for (int round = 0; round < kRoundsAtMost; ++round) {
    world_.records = TRY(journal_.load());
    bool acted = false;
    for (const Step& step : plan(world_, policy_)) {
      const std::string what = to_string(step);
      if (tried.contains(what) || (is_about_names(step) && !world_.names_reachable)) continue;
      tried.insert(what);
      log::info("fleet", "{}", what);
      if (auto done = executor_.execute(step, world_.records, deadline); !done) {
        trouble(pass, std::move(done).error().during(what));
        if (is_about_names(step)) names_failed();
        continue;
      }
      if (is_about_names(step)) names_worked();
      if (std::holds_alternative<RenewLease>(step)) world_.lease_renewed_at = lease_renewed_at_ = world_.now;
      acted = true;
      ++pass.steps;
      pass.answered = pass.answered || std::holds_alternative<Launch>(step);
    }
    if (!acted) break;
  }
  world_.records = TRY(journal_.load());
  pass.in_motion = in_motion(world_);
  if (pass.steps == 0 && world_.cloud && world_.gates.empty())  // when nothing else is to be done
    pass.steps += TRY(sweep_leftovers(journal_, outside_, policy_, deadline));
  return pass;
}

Result<size_t> Reconciler::take_wishes() {
  const SpoolContents contents = TRY(spool_.read());
  for (const Error& trouble : contents.troubles) tell(trouble);
  for (const std::string& name : contents.unreadable) {
    log::warning("fleet", "{} in the spool is not a wish; set aside as {}.bad", name, name);
    TRY(spool_.set_aside(name));
  }
  for (const SpooledWish& spooled : contents.wishes) {
    if (planted(Bug::wish_dropped_before_taken)) TRY(spool_.remove(spooled.id));
    TRY(journal_.transaction([&]() -> Result<void> {
      if (TRY(journal_.has_taken(spooled.id)) && !planted(Bug::wish_taken_twice)) return {};
      return take(spooled);
    }));
    TRY(spool_.remove(spooled.id));
  }
  return contents.wishes.size();
}

Result<void> Reconciler::take(const SpooledWish& spooled) {
  const Wish& wish = spooled.wish;
  const Time now = outside_.clock.now();
  TRY(journal_.take(spooled, now));
  const auto names = slurm::expand(wish.nodes);
  if (!names) {
    tell(Error{names.error()}.during(fmt::format("{} of '{}'", to_string(wish.kind), wish.nodes)));
    return journal_.note(
        {.at = now,
         .event = "refused",
         .detail = fmt::format("{} {}: {}", to_string(wish.kind), wish.nodes, names.error().what)});
  }
  std::map<NodeName, int64_t> jobs;
  if (!wish.resume_file.empty()) {
    if (const auto resume = slurm::parse_resume_file(wish.resume_file)) {
      for (const auto& job : resume->jobs)
        for (const NodeName& node : job.nodes) jobs.emplace(node, job.id);
    } else {
      tell(resume.error());
    }
  } else if (wish.kind == Wish::Kind::resume) {
    // Before 22.05, and for hooks called by hand, squeue knows who waits for which nodes.
    if (const auto waiting = outside_.slurm.jobs(Deadline::after(kJobsAtMost)))
      for (const slurm::Job& job : *waiting)
        if (job.is_configuring())
          for (const NodeName& node : job.nodes) jobs.emplace(node, job.id);
  }
  for (const NodeName& name : *names) {
    const bool ours = std::any_of(policy_.groups.begin(), policy_.groups.end(),
                                  [&](const auto& entry) { return entry.second.index_of(name).has_value(); });
    if (!ours && !TRY(journal_.node(name))) {
      log::warning("fleet", "Slurm asks to {} {}, which is in no node group", to_string(wish.kind), name);
      TRY(journal_.note(
          {.at = now, .event = "unknown-node", .node = name, .detail = std::string(to_string(wish.kind))}));
      continue;
    }
    NodeRecord node = TRY(journal_.node(name)).value_or(NodeRecord{.name = name});
    const NodeRecord before = node;
    if (wish.kind == Wish::Kind::resume &&
        (node.wanted != Wanted::up || planted(Bug::resume_is_a_new_epoch))) {
      node.wanted = Wanted::up;
      if (!planted(Bug::same_epoch_again)) ++node.epoch;
      node.attempt = 0;
      node.job = jobs.contains(name) ? jobs[name] : 0;
      node.reason.clear();
      node.marked_down = false;
    } else if (wish.kind == Wish::Kind::suspend && node.wanted == Wanted::up) {
      node.wanted = Wanted::down;
    } else if (wish.kind == Wish::Kind::resume_fail && node.wanted == Wanted::up &&
               (wish.made_at >= node.since || planted(Bug::takes_old_failures))) {
      node.wanted = Wanted::failed;
      node.reason = "ResumeTimeout: slurmd did not register in time";
      for (const auto& [intent, launch] : world_.records.launches)
        if (launch.state == LaunchState::intended && !launch.error.empty() &&
            std::any_of(launch.nodes.begin(), launch.nodes.end(),
                        [&](const LaunchNode& each) { return each.node == name; }))
          node.reason = "ResumeTimeout: it could not be launched: " + launch.error;
      node.marked_down = true;  // Slurm did that itself
      ++node.failures;
      node.hold_until = now;
    }
    TRY(journal_.note({.at = wish.made_at,
                       .event = std::string(to_string(wish.kind)),
                       .node = name,
                       .job = wish.kind == Wish::Kind::resume ? node.job : 0,
                       .detail = node == before ? "no change" : ""}));
    if (node == before) continue;
    if (wish.kind == Wish::Kind::resume_fail && node.joined_epoch != node.epoch)
      if (const auto group = TRY(journal_.group_of(name, node.epoch)))
        TRY(count_boot_failures(journal_, policy_, *group, 1, node.reason, now));
    node.since = wish.made_at;
    TRY(journal_.save(node));
  }
  return {};
}

Result<void> Reconciler::observe(Pass& pass, Deadline deadline) {
  world_ = World{.now = outside_.clock.now(),
                 .generation = TRY(journal_.generation()),
                 .recovered = TRY(journal_.recovered()),
                 .records = TRY(journal_.load())};
  gatekeeper_.look_at_tunnel(outside_.tunnel, world_.now);
  std::optional<Error> cloud_trouble;
  if (auto cloud = list_cloud(deadline)) {
    world_.cloud = *std::move(cloud);
  } else {
    cloud_trouble = cloud.error();
    trouble(pass, std::move(cloud).error().during("look at EC2"));
  }
  TRY(look_at_gates(cloud_trouble));
  if (auto nodes = list_slurm(deadline)) {
    world_.slurm = *std::move(nodes);
    note_missing();
    // The list of jobs is long, and needed only while EC2 takes nodes back from them.
    if (std::any_of(world_.slurm->begin(), world_.slurm->end(),
                    [](const auto& entry) { return notice_on(entry.second).has_value(); }))
      if (auto jobs = outside_.slurm.jobs(deadline)) world_.jobs = *std::move(jobs);
    look_at_suspend_time(deadline);
  } else {
    trouble(pass, std::move(nodes).error().during("look at Slurm"));
  }
  world_.lease_renewed_at = lease_renewed_at_;
  look_at_names(pass, deadline);
  return {};
}

Result<void> Reconciler::look_at_gates(const std::optional<Error>& cloud_trouble) {
  const Time now = world_.now;
  // An outage of EC2 says nothing about our credentials.
  if (!cloud_trouble)
    gatekeeper_.look_at_credentials(std::nullopt, now);
  else if (cloud_trouble->kind == Kind::credentials || cloud_trouble->kind == Kind::denied)
    gatekeeper_.look_at_credentials("AWS refuses us: " + cloud_trouble->what, now);
  std::optional<Duration> offset;  // the worst
  for (const auto& [cloud, ec2] : outside_.ec2)
    if (const auto seen = ec2->clock_offset();
        seen && (!offset || std::chrono::abs(*seen) > std::chrono::abs(*offset)))
      offset = seen;
  gatekeeper_.look_at_clock(offset, now);
  Inputs inputs = outside_.inputs ? outside_.inputs() : Inputs{};
  gatekeeper_.look_at_budget(std::move(inputs.over_budget), now);
  world_.staging_out = std::move(inputs.staging_out);
  world_.gates = gatekeeper_.closed();
  world_.frozen = gatekeeper_.frozen(now);

  const std::string before = TRY(journal_.gates()), after = to_json(world_.gates).dump();
  if (before == after || (before.empty() && world_.gates.empty())) return {};
  return journal_.transaction([&]() -> Result<void> {
    TRY(journal_.set_gates(after));
    for (const Gate& gate : world_.gates)
      if (before.find(to_iso8601(gate.since)) == std::string::npos)
        TRY(journal_.note({.at = now, .event = "gate-closed", .detail = gate.reason}));
    if (world_.gates.empty()) TRY(journal_.note({.at = now, .event = "gates-open"}));
    return {};
  });
}

void Reconciler::look_at_suspend_time(Deadline deadline) {
  if (world_.now >= suspend_time_look_at_) {
    if (const auto configuration = outside_.slurm.configuration(deadline)) {
      const auto found = configuration->find("SuspendTime");  // "350 sec", or INFINITE
      const std::string text = found == configuration->end() ? "" : found->second;
      const auto seconds = parse_int(std::string_view(text).substr(0, text.find(' ')));
      suspend_time_ =
          seconds && *seconds > 0 ? std::optional<Duration>(std::chrono::seconds{*seconds}) : std::nullopt;
      suspend_time_look_at_ = world_.now + kSuspendTimeEvery;
    }
  }
  world_.suspend_time = suspend_time_;
}

void Reconciler::note_missing() {
  std::map<NodeName, Time> missing;
  for (const auto& [id, machine] : world_.records.machines)
    if (!machine.node.empty() && !world_.slurm->empty() && !world_.slurm->contains(machine.node))
      missing.emplace(machine.node, missing_.contains(machine.node) ? missing_[machine.node] : world_.now);
  world_.missing = missing_ = std::move(missing);
}

void Reconciler::look_at_names(Pass& pass, Deadline deadline) {
  world_.names_failing_since = names_failing_since_;
  world_.names_reachable = outside_.names && world_.now >= names_rest_until_;
  if (!world_.names_reachable || world_.now < names_look_at_) return;
  auto found = outside_.names->list_ours(known_names(world_.records, policy_), deadline.sooner(kNamesAtMost));
  if (!found) {
    trouble(pass, std::move(found).error().during("look at the names in DNS"));
    return names_failed();
  }
  names_worked();
  world_.names = *std::move(found);
  names_look_at_ = world_.now + kNamesEvery;
}

void Reconciler::names_failed() {
  if (!names_failing_since_) names_failing_since_ = world_.now;
  const Duration rest = std::chrono::seconds{2} * (1 << std::min(names_failures_++, 5));
  names_rest_until_ = world_.now + rest;
  names_look_at_ = names_rest_until_;
  world_.names_failing_since = names_failing_since_;
  world_.names_reachable = false;
  world_.names.reset();
}

void Reconciler::names_worked() {
  names_failing_since_.reset();
  names_failures_ = 0;
  world_.names_failing_since.reset();
  world_.names.reset();  // it has changed, or is about to be replaced
}

Result<std::map<InstanceId, aws::Instance>> Reconciler::list_cloud(Deadline deadline) {
  std::map<InstanceId, aws::Instance> all;
  for (const auto& [cloud, ec2] : outside_.ec2) {
    auto instances = TRY(ec2->describe_instances(
        {planted(Bug::sweeps_other_clusters) ? aws::Filter{"tag:spillway:kind", {"instance"}}
                                             : aws::Filter{"tag:spillway:cluster", {policy_.cluster.value}},
         // The gateway is the cluster's too, and is not a node.
         aws::Filter{"tag:spillway:kind", {"instance"}}},
        deadline));
    for (aws::Instance& instance : instances) {
      world_.cloud_of[instance.id] = cloud;
      all.emplace(instance.id, std::move(instance));
    }
    world_.clouds.insert(cloud);
  }
  return all;
}

Result<std::map<NodeName, slurm::Node>> Reconciler::list_slurm(Deadline deadline) {
  std::map<NodeName, slurm::Node> ours;
  for (slurm::Node& node : TRY(outside_.slurm.nodes({}, deadline))) {
    for (const auto& [name, group] : policy_.groups) {
      if (!group.index_of(node.name)) continue;
      ours.emplace(node.name, node);
      break;
    }
    // A node whose group was taken out of the configuration is looked after until its machine is gone.
    if (world_.records.nodes.contains(node.name)) ours.emplace(node.name, node);
  }
  return ours;
}

Result<std::map<InstanceId, std::vector<std::string>>> Reconciler::find_released(Deadline deadline) {
  std::map<InstanceId, std::vector<std::string>> released;
  for (std::string& key : TRY(outside_.bucket->list(policy_.cluster.value + "/release/", deadline))) {
    // <cluster>/release/<role>:<instance>/<name>
    const size_t colon = key.find(':'), end = key.find('/', colon == std::string::npos ? 0 : colon);
    if (colon == std::string::npos || end == std::string::npos) continue;
    released[InstanceId{key.substr(colon + 1, end - colon - 1)}].push_back(std::move(key));
  }
  return released;
}

Result<void> Reconciler::recover(Deadline deadline) {
  if (!world_.cloud || !world_.slurm)
    return Error{Kind::unavailable, "a new journal waits until EC2 and Slurm have both been seen"};
  std::set<IntentId> intents;
  for (const auto& [id, instance] : *world_.cloud)
    if (const std::string intent = instance.tag("spillway:intent");
        !intent.empty() && instance.state != "terminated")
      intents.emplace(intent);
  std::vector<MachineRecord> documented;
  for (const IntentId& intent : intents) {
    if (!outside_.bucket) break;
    const auto text = outside_.bucket->get(launch_key(policy_.cluster, intent), deadline);
    if (!text && text.error().kind != Kind::not_found && text.error().kind != Kind::denied)
      return text.error();
    if (!text) continue;
    for (MachineRecord& machine : TRY(read_launch_document(*text))) documented.push_back(std::move(machine));
  }
  std::map<InstanceId, std::vector<std::string>> released;
  if (outside_.bucket) released = TRY(find_released(deadline));
  Records rebuilt = rebuild(*world_.cloud, *world_.slurm, documented, world_.now);
  // Secrets of machines that are gone: nobody else would think of them.
  std::vector<std::string> left;
  for (const auto& [id, keys] : released) {
    const auto machine = rebuilt.machines.find(id);
    if (machine == rebuilt.machines.end())
      left.insert(left.end(), keys.begin(), keys.end());
    else
      machine->second.released_at = world_.now;
  }
  if (!left.empty()) TRY(outside_.bucket->remove_all(left, deadline));
  TRY(journal_.transaction([&]() -> Result<void> {
    for (const auto& [name, node] : rebuilt.nodes) {
      NodeRecord merged = node;
      if (const auto known = TRY(journal_.node(name))) {  // a wish that came before the first look
        merged.wanted = known->wanted;
        merged.epoch = std::max(node.epoch, known->epoch);
        merged.job = known->job;
      }
      TRY(journal_.save(merged));
    }
    for (const auto& [id, found] : rebuilt.machines) {
      MachineRecord machine = found;
      machine.cloud = world_.cloud_of[id];
      TRY(journal_.save(machine));
      TRY(journal_.note({.at = world_.now,
                         .event = "recovered",
                         .node = machine.node,
                         .instance = id,
                         .intent = machine.intent}));
    }
    TRY(journal_.set_cluster(policy_.cluster));
    return journal_.set_recovered();
  }));
  world_.recovered = true;
  return {};
}

}  // namespace spillway::fleet
