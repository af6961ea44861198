#include "fleet/reconciler.h"

#include <set>

#include "base/log.h"
#include "base/planted.h"
#include "fleet/layout.h"
#include "fleet/leftovers.h"
#include "fleet/parking.h"
#include "fleet/plan.h"
#include "slurm/hostlist.h"
#include "slurm/resume_file.h"

namespace spillway::fleet {
namespace {

constexpr auto kJobsAtMost = std::chrono::seconds{5};
constexpr auto kRoundsFor = std::chrono::seconds{5};
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

Result<Pass> Reconciler::pass(Deadline deadline, Look look) {
  Pass pass;
  // Without the spool Slurm's own states still tell what is wished for.
  if (auto taken = take_wishes())
    pass.steps += *taken;
  else
    trouble(pass, std::move(taken).error());
  if (look == Look::everything && is_costly_to_list()) look = Look::slurm;
  if (look != Look::everything && may_look_at_less())
    TRY(observe_again(pass, look, deadline));
  else
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
    TRY(journal_.refresh());
    const bool acted = TRY(act(pass, tried, deadline));
    if (!acted && !end_looking(pass)) break;
    // Where a call took long, Slurm may have other plans by now.
    if (outside_.clock.now() - world_.now > kRoundsFor) break;
    if (acted && pass.answered && outside_.around) break;  // its machines are to be looked at first
  }
  end_looking(pass);
  TRY(journal_.refresh());
  pass.in_motion = in_motion(world_);
  if (pass.steps == 0 && world_.cloud && world_.gates.empty())  // when nothing else is to be done
    pass.steps += TRY(sweep_leftovers(journal_, outside_, policy_, deadline));
  return pass;
}

Result<bool> Reconciler::act(Pass& pass, std::set<std::string>& tried, Deadline deadline) {
  look_at_rates();
  bool acted = false;
  std::vector<std::string> what_of;
  std::vector<const Launch*> launches;
  const std::vector<Step> steps = plan(world_, policy_);
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    std::string what = to_string(step);
    const bool skipped = tried.contains(what) || (is_about_names(step) && !world_.names_reachable);
    if (!skipped) {
      tried.insert(what);
      log::info("fleet", "{}", what);
      const auto* launch = std::get_if<Launch>(&step);
      if (launch && !outside_.around) {
        launches.push_back(launch);
        what_of.push_back(std::move(what));
      } else {
        done(pass, step, what, executor_.execute(step, world_.records, deadline), acted);
      }
    }
    const bool last = i + 1 == steps.size() || !std::holds_alternative<Launch>(steps[i + 1]);
    if (launches.empty() || !last) continue;
    auto outcomes = executor_.launch(launches, deadline, [&](aws::Ec2& ec2, const auto& launched) {
      begin_to_look(ec2, launched, deadline);
    });
    for (size_t k = 0; k < launches.size(); ++k)
      done(pass, *launches[k], what_of[k], std::move(outcomes[k]), acted);
    launches.clear();
    what_of.clear();
  }
  return acted;
}

void Reconciler::done(Pass& pass, const Step& step, const std::string& what, Result<void> outcome,
                      bool& acted) {
  if (!outcome) {
    trouble(pass, std::move(outcome).error().during(what));
    if (is_about_names(step)) names_failed();
    return;
  }
  if (is_about_names(step)) names_worked();
  note_tunnel(step);
  if (std::holds_alternative<RenewLease>(step)) world_.lease_renewed_at = lease_renewed_at_ = world_.now;
  acted = true;
  ++pass.steps;
  pass.answered = pass.answered || std::holds_alternative<Launch>(step);
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
