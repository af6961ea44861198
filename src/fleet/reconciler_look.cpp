// What a pass looks at before it plans.
#include "base/planted.h"
#include "base/text.h"
#include "fleet/layout.h"
#include "fleet/names.h"
#include "fleet/reconciler.h"
#include "fleet/spot.h"

namespace spillway::fleet {
namespace {

constexpr auto kSuspendTimeEvery = std::chrono::minutes{10};
constexpr auto kNamesEvery = std::chrono::minutes{5};
constexpr auto kNamesAtMost = std::chrono::seconds{10};
constexpr auto kSlurmLasts = std::chrono::seconds{2};
constexpr auto kViewLasts = std::chrono::seconds{15};  // of EC2, for what cannot wait for a new one

std::vector<aws::Filter> filters_for(const std::vector<IntentId>& launches) {
  std::vector<aws::Filter> filters;
  for (const IntentId& intent : launches) filters.push_back({"tag:spillway:intent", {intent.value}});
  return filters;
}

}  // namespace

Result<void> Reconciler::observe(Pass& pass, Deadline deadline) {
  TRY(journal_.refresh());
  world_ = World{.now = outside_.clock.now(),
                 .generation = TRY(journal_.generation()),
                 .recovered = TRY(journal_.recovered()),
                 .records = std::move(world_.records)};
  gatekeeper_.look_at_tunnel(outside_.tunnel, world_.now);
  std::optional<Error> cloud_trouble;
  if (auto cloud = list_cloud(deadline)) {
    world_.cloud = *std::move(cloud);
  } else {
    cloud_trouble = cloud.error();
    trouble(pass, std::move(cloud).error().during("look at EC2"));
  }
  TRY(look_at_gates(cloud_trouble));
  look_at_slurm(pass, deadline);
  world_.lease_renewed_at = lease_renewed_at_;
  look_at_names(pass, deadline);
  look_at_keys(pass, deadline);
  looked_at_ = world_.now;
  return {};
}

void Reconciler::look_at_slurm(Pass& pass, Deadline deadline) {
  auto nodes = list_slurm(deadline);
  if (!nodes) {
    world_.slurm.reset();
    return trouble(pass, std::move(nodes).error().during("look at Slurm"));
  }
  world_.slurm = *std::move(nodes);
  slurm_looked_at_ = outside_.clock.now();
  note_missing();
  // The list of jobs is long, and needed only while EC2 takes nodes back from them.
  world_.jobs.reset();
  if (std::any_of(world_.slurm->begin(), world_.slurm->end(),
                  [](const auto& entry) { return notice_on(entry.second).has_value(); }))
    if (auto jobs = outside_.slurm.jobs(deadline)) world_.jobs = *std::move(jobs);
  look_at_suspend_time(deadline);
}

bool Reconciler::may_look_at_less() const {
  const Duration age = outside_.clock.now() - looked_at_;
  return world_.recovered && world_.cloud && world_.slurm && age >= Duration{} && age < kViewLasts;
}

bool Reconciler::is_costly_to_list() const {
  const auto pages = world_.cloud ? static_cast<int64_t>(world_.cloud->size() / 1000) : 0;
  return pages > 0 && outside_.clock.now() - looked_at_ < std::chrono::seconds{2 * pages};
}

Result<void> Reconciler::observe_again(Pass& pass, Look look, Deadline deadline) {
  TRY(journal_.refresh());
  world_.now = outside_.clock.now();
  std::map<std::string, std::set<IntentId>> new_ones;  // launches, by cloud
  for (const auto& [id, machine] : world_.records.machines) {
    const auto seen = world_.cloud->find(id);
    if (machine.live() && outside_.ec2.contains(machine.cloud) &&
        (seen == world_.cloud->end() || seen->second.private_ip.empty()))
      new_ones[machine.cloud].insert(machine.intent);
  }
  for (const auto& [cloud, intents] : new_ones)
    add_instances(
        pass, cloud,
        outside_.ec2.at(cloud)->describe_each(filters_for({intents.begin(), intents.end()}), deadline));
  if (look == Look::machines && world_.now - slurm_looked_at_ < kSlurmLasts) return {};
  gatekeeper_.look_at_tunnel(outside_.tunnel, world_.now);
  TRY(look_at_gates(std::nullopt));
  look_at_slurm(pass, deadline);
  look_at_keys(pass, deadline);
  return {};
}

void Reconciler::begin_to_look(aws::Ec2& ec2, const std::vector<IntentId>& launches, Deadline deadline) {
  for (const auto& [cloud, each] : outside_.ec2)
    if (each == &ec2)
      looking_.push_back({cloud, std::async(std::launch::async, [&ec2, launches, deadline] {
                            return ec2.describe_each(filters_for(launches), deadline);
                          })});
}

bool Reconciler::end_looking(Pass& pass) {
  for (Looking& each : looking_) add_instances(pass, each.cloud, each.found.get());
  const bool looked = !looking_.empty();
  looking_.clear();
  return looked;
}

void Reconciler::add_instances(Pass& pass, const std::string& cloud,
                               Result<std::vector<aws::Instance>> instances) {
  if (!instances) return trouble(pass, std::move(instances).error().during("look at new machines"));
  if (!world_.cloud) return;
  for (aws::Instance& instance : *instances) {
    // A tag can be copied; whose cluster it is decides.
    if (instance.tag("spillway:cluster") != policy_.cluster.value) continue;
    world_.cloud_of[instance.id] = cloud;
    world_.cloud->insert_or_assign(instance.id, std::move(instance));
  }
}

void Reconciler::look_at_rates() {
  for (const auto& [cloud, ec2] : outside_.ec2) {
    world_.launches_left[cloud] = ec2->launches_left(world_.now);
    world_.ends_left[cloud] = ec2->ends_left(world_.now);
  }
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
    // A node whose group was taken out of the configuration is looked after until its machine is gone.
    const bool is_ours = std::any_of(policy_.groups.begin(), policy_.groups.end(),
                                     [&](const auto& entry) { return entry.second.index_of(node.name); }) ||
                         world_.records.nodes.contains(node.name);
    if (is_ours) ours.emplace_hint(ours.end(), node.name, std::move(node));
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

}  // namespace spillway::fleet
