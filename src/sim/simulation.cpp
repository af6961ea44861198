#include "sim/simulation.h"

#include <algorithm>

#include "dns/publisher.h"
#include "fleet/layout.h"
#include "sim/planted.h"

// The loop: the world moves to the next moment at which something happens or the process looks, and so on.
namespace spillway::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr auto kTick = milliseconds{2500};  // how often slurmctld's timers are looked at
constexpr auto kSettleAtMost = std::chrono::hours{2};
constexpr uint64_t kEffectsAtLeast = 200, kFaultsAtLeast = 5;
const Time kStart{seconds{1'764'000'000}};

fleet::Policy policy_for(const Terms& terms, const emu::Account& account) {
  config::NodeGroup group{
      .partition = "cloud",
      .name = "c5",
      .max_nodes = terms.nodes,
      .region = "us-east-1",
      .source = {.purchasing = "on-demand",
                 .overrides = Json::array({Json::object({{"InstanceType", "c5.large"}})}),
                 .subnets = {account.subnets.begin()->first}},
      .launch_template = Json::object({{"LaunchTemplateName", "compute"}, {"Version", "1"}})};
  fleet::Policy policy{.cluster = ClusterId{"0e9c4e8e-5b0f-4c7e-9a55-1c6f0f7f0001"}, .cluster_name = "sim"};
  policy.bucket = terms.bucket;
  policy.compute_role_id = kRole;
  policy.failure_hold = terms.failure_hold;
  policy.launch_at_most = terms.launch_at_most;
  policy.names = terms.names;
  policy.groups.emplace(group.group(), group);
  return policy;
}

std::vector<NodeName> all_nodes(int count) {
  std::vector<NodeName> names;
  for (int i = 0; i < count; ++i) names.emplace_back(fmt::format("cloud-c5-{}", i));
  return names;
}

ManualClock& set(ManualClock& clock, Time to) {
  clock = ManualClock{to};
  return clock;
}

}  // namespace

Simulation::Simulation(const Script& script, const Options& options, Stage& stage)
    : script_(script),
      options_(options),
      stage_(stage),
      clock_(set(stage.clock, kStart)),
      start_(kStart),
      terms_(script.terms),
      policy_(policy_for(script.terms, stage.account)),
      cloud_(stage.account),
      model_ec2_(cloud_),
      model_s3_(cloud_),
      slurm_(clock_, all_nodes(terms_.nodes),
             {.resume_timeout = terms_.resume_timeout,
              .suspend_time = terms_.suspend_time,
              .suspend_timeout = terms_.suspend_timeout,
              .resume_rate = terms_.resume_rate,
              .slurmd_timeout = terms_.slurmd_timeout}),
      name_server_(clock_),
      key_{"spillway", dns::Algorithm::hmac_sha256, Secret{"a secret of thirty-two bytes, yes"}},
      machines_({.cluster = policy_.cluster,
                 .bucket = terms_.bucket,
                 .boot_least = terms_.boot_least,
                 .boot_most = terms_.boot_most,
                 .seed = script.seed},
                cloud_, slurm_),
      controller_(slurm_, effects_),
      exchange_(name_server_, effects_),
      spool_(effects_),
      outside_{.clock = clock_, .slurm = controller_, .ec2 = {}} {
  name_server_.add_key(key_);
  for (const char* zone : {"example.com", "31.172.in-addr.arpa"}) name_server_.add_zone(zone);
  cloud_.objects().emplace(
      fleet::secret_key(policy_.cluster, "munge.key"),
      emu::Object{.content = std::make_shared<const std::string>("secret"), .modified = kStart});
  watch();
  if (options.over_http) http_.emplace(cloud_);
  ec2_ = std::make_unique<FaultyEc2>(http_ ? http_->ec2() : model_ec2_, effects_, watch_);
  bucket_ = std::make_unique<FaultyS3>(http_ ? http_->bucket() : model_s3_, effects_);
  outside_.ec2.emplace(fleet::cloud_of("", "us-east-1"), ec2_.get());
  outside_.tunnel = &tunnel_;
  outside_.inputs = [this] {
    fleet::Inputs inputs;
    if (window(What::over_budget)) inputs.over_budget = "the month's budget is spent";
    return inputs;
  };
  outside_.bucket = terms_.bucket ? bucket_.get() : nullptr;
  for (const Happening& each : script.happenings)
    if (!options.without_crashes || (each.what != What::kill && each.what != What::lose_journal))
      to_come_.push_back(each);
  if (options.on_sqlite) {
    folder_ = std::filesystem::temp_directory_path() / ("spillway-sim-" + make_uuid());
    std::filesystem::create_directories(folder_);
  }
}

Simulation::~Simulation() {
  reconciler_.reset();
  journal_.reset();
  sqlite_.reset();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Outcome Simulation::run() {
  Outcome outcome;
  try {
    begin_process();
    act_out();
    settle();
    judge_the_end();
    outcome.end_state = end_state();
  } catch (const Broken& broken) {
    outcome.broken = broken;
    trace("BROKEN {}: {}", broken.invariant, broken.what);
  }
  outcome.at = clock_.now();
  outcome.hash = hash_;
  outcome.effects = effects_.effects();
  outcome.faults = effects_.faults();
  outcome.passes = passes_;
  outcome.crashes = crashes_;
  outcome.table = effects_.table();
  return outcome;
}

/// The part with events and faults; longer than planned where too little has happened.
void Simulation::act_out() {
  const Time end = start_ + terms_.length;
  while (clock_.now() < end || !to_come_.empty()) {
    Time next = next_tick_;
    if (alive_) next = std::min(next, next_pass_);
    move_to(next);
    if (!alive_ && clock_.now() >= start_process_at_) begin_process();
    if (alive_ && clock_.now() >= next_pass_) pass();
    const bool too_little = effects_.effects() < kEffectsAtLeast || effects_.faults() < kFaultsAtLeast;
    if (clock_.now() >= end && to_come_.empty() && too_little && script_.may_be_extended) {
      const auto chance = static_cast<uint32_t>(mix(script_.seed, 99, jobs_));
      to_come_.push_back({.at = clock_.now() - start_ + seconds{20},
                          .what = What::submit,
                          .node = static_cast<int>(chance % 16),
                          .count = 4,
                          .span = seconds{10}});
      if (effects_.faults() < kFaultsAtLeast)
        effects_.plan_for_next(kTakeWishes, static_cast<Fault>(chance % kFaults), chance);
    }
  }
}

/// Faults have stopped: everything must come to rest.
void Simulation::settle() {
  trace("-- faults have stopped");
  lift_everything();
  const Time end = clock_.now() + kSettleAtMost;
  while (!is_settled()) {
    if (clock_.now() > end) return;  // judge_the_end() says what is left
    Time next = next_tick_;
    if (alive_) next = std::min(next, next_pass_);
    move_to(next);
    if (!alive_ && clock_.now() >= start_process_at_) begin_process();
    if (alive_ && clock_.now() >= next_pass_) pass();
  }
}

void Simulation::move_to(Time until) {
  until = std::max(until, clock_.now());
  for (;;) {
    Time next = until;
    if (!to_come_.empty()) next = std::min(next, start_ + to_come_.front().at);
    for (const auto& [at, wish] : late_wishes_) next = std::min(next, at);
    next = std::min(next, next_tick_);
    if (next > clock_.now()) clock_.advance(next - clock_.now());
    while (!to_come_.empty() && start_ + to_come_.front().at <= clock_.now()) {
      const Happening happening = to_come_.front();
      to_come_.pop_front();
      happen(happening);
    }
    for (auto late = late_wishes_.begin(); late != late_wishes_.end();) {
      if (late->first > clock_.now()) {
        ++late;
        continue;
      }
      spool_.put(std::move(late->second));
      late = late_wishes_.erase(late);
    }
    if (next_tick_ <= clock_.now()) tick();
    if (clock_.now() >= until) return;
  }
}

void Simulation::tick() {
  next_tick_ = clock_.now() + kTick;
  const size_t before = windows_.size();
  std::erase_if(windows_, [&](const Window& each) { return each.until <= clock_.now(); });
  if (windows_.size() != before) {
    disturbed_at_ = clock_.now();
    apply_rules();
    name_server_.fault = window(What::dns_outage)
                             ? std::optional(Error{Kind::unavailable, "the name server does not answer"})
                             : std::nullopt;
    slurm_.be_silent(window(What::restart) || window(What::silence));
    slurm_.be_lazy(window(What::never_suspends));
  }
  emu::advance(cloud_.account());
  while (!cloud_.account().events.empty()) {
    const emu::MachineEvent event = cloud_.account().events.front();
    cloud_.account().events.pop_front();
    trace("{} {}", event.machine.id, event.start ? "runs" : "is stopped");
    if (event.start)
      machines_.start(event.machine, clock_.now());
    else
      machines_.stop(event.machine.id);
  }
  const bool answers = !window(What::restart) && !window(What::silence);
  machines_.move(clock_.now(), answers, !window(What::tunnel_down));
  if (answers) call_hooks();
}

void Simulation::call_hooks() {
  const std::pair<fleet::Wish::Kind, std::vector<NodeName>> calls[] = {
      {fleet::Wish::Kind::resume, slurm_.take_resumed()},
      {fleet::Wish::Kind::suspend, slurm_.take_suspended()},
      {fleet::Wish::Kind::resume_fail, slurm_.take_failed()}};
  for (const auto& [kind, nodes] : calls)
    if (!nodes.empty()) write_wish(kind, nodes);
}

void Simulation::begin_process() {
  alive_ = true;
  failed_passes_ = 0;
  disturbed_at_ = clock_.now();
  if (disk_.generation.empty()) {
    journal_made_at_ = generations_ == 0 ? Time{} : clock_.now();
    disk_.generation = fmt::format("{:016x}", mix(script_.seed, ++generations_));
  }
  trace("the process begins, generation {}", disk_.generation);
  journal_ = std::make_unique<MemoryJournal>(disk_, effects_);
  journal_->saw_machine = [this](const fleet::MachineRecord& machine) {
    if (machine.node.empty()) return;
    ledger_.bound[machine.id] = machine.node;
    ledger_.served.emplace(machine.node, machine.epoch);
  };
  journal_->saw_launch = [](const fleet::LaunchRecord&) {};
  journal_->loses = is_unwritten;
  journal_->syncs = !planted(Bug::unsynced);
  if (!folder_.empty()) {
    auto opened = fleet::Journal::open(folder_ / "state.db", disk_.generation);
    if (!opened) throw Broken{"models", opened.error().what};
    sqlite_.emplace(*std::move(opened));
    journal_->real = &*sqlite_;
    journal_->differs = [](const std::string& what) {
      throw Broken{"models", "SQLite and memory hold different " + what};
    };
  }
  if (terms_.names) {
    publisher_.emplace(
        exchange_, clock_, key_,
        dns::Names{.zone = "example.com", .reverse_zone = "31.172.in-addr.arpa", .cluster = policy_.cluster});
    outside_.names = &*publisher_;
  }
  reconciler_.emplace(*journal_, spool_, outside_, policy_);
  next_pass_ = clock_.now();
}

void Simulation::end_process(Duration down) {
  reconciler_.reset();
  publisher_.reset();
  journal_->lose_power();
  journal_.reset();
  sqlite_.reset();
  effects_.end();
  alive_ = false;
  ++crashes_;
  start_process_at_ = clock_.now() + down;
  disturbed_at_ = clock_.now();
  trace("the process is gone for {:.2f} s", down.count() / 1e6);
}

void Simulation::pass() {
  ++passes_;
  pass_began_ = clock_.now();
  digest(static_cast<uint64_t>(clock_.now().time_since_epoch().count()));
  Result<fleet::Pass> done = fleet::Pass{};
  try {
    done = reconciler_->pass(Deadline::never(), std::exchange(look_, fleet::Look::everything));
  } catch (const Crash&) {
    end_process(seconds{mix(script_.seed, 5, crashes_) % 3 == 0 ? 30 : 1});
    return check();
  }
  effects_.end();
  check();
  if (!done) {
    trace("the pass failed: {}", done.error().what);
    return end_process(seconds{5});
  }
  if (journal_->real && reconciler_->world().records != journal_->load().value())
    throw Broken{"22", "what is remembered is not what is journaled"};
  trace("pass: {} steps, {} failures{}", done->steps, done->failures, done->in_motion ? ", in motion" : "");
  digest(done->steps * 64 + done->failures);
  if (done->failures > 0) disturbed_at_ = clock_.now();
  in_motion_ = done->in_motion;
  // As Daemon::next_look has it.
  failed_passes_ = done->failures > 0 && done->steps == 0 ? failed_passes_ + 1 : 0;
  Duration next = done->in_motion ? terms_.busy : terms_.idle;
  if (failed_passes_ > 0)
    next = std::min<Duration>(seconds{2} * (1 << std::min(failed_passes_ - 1, 6)), terms_.idle);
  next_pass_ = done->answered ? clock_.now() : clock_.now() + next;
  if (done->answered) look_ = fleet::Look::machines;
}

}  // namespace spillway::sim
