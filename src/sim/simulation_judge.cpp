// What the simulation sees of requests, and its judgement.
#include <algorithm>

#include "sim/simulation.h"

namespace spillway::sim {

using std::chrono::seconds;

Time Simulation::calm_since() const {
  const bool now = !alive_ || !windows_.empty() || waiting_ || !late_wishes_.empty();
  return now ? clock_.now() : std::max(disturbed_at_, effects_.disturbed_at);
}

View Simulation::view() {
  return {.now = clock_.now(),
          .terms = terms_,
          .policy = policy_,
          .account = cloud_.account(),
          .slurm = slurm_,
          .disk = disk_,
          .machines = machines_,
          .ledger = ledger_,
          .calm_since = calm_since()};
}

void Simulation::broken_if(std::string_view number, std::string what) const {
  if (!what.empty()) throw Broken{std::string(number), std::move(what)};
}

void Simulation::check() {
  const View now = view();
  ledger_.look(now);
  if (terms_.names) note_names_left();
  check_all(now);
}

void Simulation::digest(std::string_view text) {
  uint64_t value = 14695981039346656037u;  // FNV-1a
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 1099511628211u;
  digest(value);
}

/// A launch is for somebody, and an epoch of a node gets one machine.
std::string Simulation::whose_launch(const fleet::LaunchRecord& launch) const {
  bool wanted = false;
  for (const fleet::LaunchNode& each : launch.nodes) {
    const auto node = disk_.nodes.find(each.node);
    wanted = wanted || (node != disk_.nodes.end() && node->second.wanted == fleet::Wanted::up &&
                        node->second.epoch == each.epoch);
    if (launch.tries == 1 && ledger_.served.contains({each.node, each.epoch}))
      return fmt::format("epoch {} of {} has had its machine", each.epoch, each.node);
  }
  return wanted ? std::string{} : fmt::format("nobody wants {} any more", launch.intent);
}

std::vector<PlannedFault> Simulation::faults_to_come() const {
  std::vector<PlannedFault> faults = script_.faults;
  if (options_.without_crashes)
    std::erase_if(faults, [](const PlannedFault& each) {
      return each.fault == Fault::crash_before || each.fault == Fault::crash_after;
    });
  return faults;
}

void Simulation::watch() {
  effects_.clock = &clock_;
  effects_.start(faults_to_come(), {.wait =
                                        [this](Duration duration) {
                                          const Effects::Context process = effects_.leave();
                                          waiting_ = true;
                                          const Time pass = next_pass_;
                                          move_to(clock_.now() + duration);
                                          next_pass_ = pass;
                                          waiting_ = false;
                                          effects_.come_back(process);
                                        },
                                    .seen =
                                        [this](Action action, int effect, std::optional<Fault> fault) {
                                          digest(action * 16 + static_cast<uint64_t>(effect % 4) * 4 +
                                                 (fault ? static_cast<uint64_t>(*fault) + 1 : 0));
                                          if (fault)
                                            trace("  {} effect {}: {}", name_of(action), effect + 1,
                                                  to_string(*fault));
                                        },
                                    .check = [this] { check(); }});
  exchange_.sent = [this] {
    for (const auto& [name, address] : ledger_.foreign_names)
      if (name_server_.at(name, dns::Type::a) != std::vector<std::string>{address} ||
          !name_server_.at(name, dns::Type::txt).empty())
        throw Broken{"09", fmt::format("the foreign name {} was changed", name)};
  };
  spool_.removes = [this](const std::string& id) {
    if (!disk_.wishes.contains(id)) throw Broken{"22", "a wish is removed before the journal has it: " + id};
  };
  controller_.ordered = [this](const std::vector<NodeName>& nodes, slurm::NodeAction action) {
    if (action != slurm::NodeAction::power_down_force) return;
    for (const NodeName& node : nodes) {
      const auto record = disk_.nodes.find(node);
      if (record != disk_.nodes.end() && record->second.wanted == fleet::Wanted::failed &&
          !record->second.marked_down)
        throw Broken{"05", fmt::format("{} failed, and Slurm is not told why", node)};
      for (const auto& [id, machine] : disk_.machines)
        if (machine.node == node && record != disk_.nodes.end() &&
            record->second.wanted == fleet::Wanted::failed)
          throw Broken{"01", fmt::format("{} is given back while {} holds it", node, id)};
    }
  };
  spool_.later = [this](Duration duration, fleet::SpooledWish wish) {
    late_wishes_.emplace_back(clock_.now() + duration, std::move(wish));
  };
  watch_.call = [this](std::string_view operation) {
    broken_if("10", buckets_.invariant_10(clock_.now(), operation));
  };
  watch_.fleet = [this](const Json& request) {
    broken_if("03", invariant_03_before(view(), request));
    broken_if("12", invariant_12());
    broken_if("03", whose_launch(disk_.launches.at(IntentId{tag_in(request, "spillway:intent")})));
  };
  watch_.fleet_answer = [this](const Json& request, const Result<aws::FleetAnswer>&) {
    const std::string intent = tag_in(request, "spillway:intent");
    Ledger::Intent& known = ledger_.intents[intent];
    known.capacity = request["TargetCapacitySpecification"]["TotalTargetCapacity"].as_int();
    if (known.calls.empty())
      for (const fleet::LaunchNode& each : disk_.launches.at(IntentId{intent}).nodes)
        ledger_.attempts[each.node].push_back(clock_.now());
    known.calls.push_back(clock_.now());
    for (const auto& [id, instance] : cloud_.account().instances)
      if (const auto tag = instance.tags.find("spillway:intent");
          tag != instance.tags.end() && tag->second == intent)
        known.instances.insert(id);
    broken_if("03", invariant_03_after(view(), intent));
  };
  watch_.terminate = [this](const std::vector<InstanceId>& ids) {
    broken_if("04", invariant_04(view(), ids, pass_began_, options_.strict));
  };
  watch_.list = [this](Clouds& list) { hide_from(list); };
  outside_.around = [this](const fleet::Step& step, const std::function<Result<void>()>& carry_out) {
    const std::string text = fleet::to_string(step);
    trace("{}", text);
    digest(text);
    effects_.begin(action_of(step));
    Result<void> done = carry_out();
    if (effects_.is_to_be_repeated()) done = carry_out();
    effects_.end();
    if (!done) trace("  failed: {}", done.error().what);
    // A step that works changes what the next plan sees; one that comes again and again has changed nothing.
    if (done && ++done_[text] > 16) throw Broken{"10", "again and again: " + text};
    return done;
  };
}

/// EC2 is not of one mind: a list may be older than the last one, or lack a machine.
void Simulation::hide_from(Clouds& list) {
  const bool ages = window(What::old_lists) ||
                    std::any_of(to_come_.begin(), to_come_.end(),
                                [](const Happening& each) { return each.what == What::old_lists; });
  if (ages) past_lists_.emplace_back(clock_.now(), list);
  while (past_lists_.size() > 40 ||
         (!past_lists_.empty() && past_lists_.front().first < clock_.now() - seconds{60}))
    past_lists_.pop_front();
  // A new journal believes the first list that it sees: that is a weakness, and known.
  if (clock_.now() - journal_made_at_ < seconds{120}) return;
  for (const Window& each : windows_) {
    if (each.what == What::old_lists) {
      const auto old = std::find_if(past_lists_.begin(), past_lists_.end(),
                                    [&](const auto& past) { return past.first >= clock_.now() - each.span; });
      list = old->second;
    }
    if (each.what == What::hides && !list.empty())
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(each.chance % list.size()));
  }
}

/// 12. No launch while the tunnel, authentication, clock or budget gate is closed: by a pass that could know.
std::string Simulation::invariant_12() const {
  for (const Window& each : windows_)
    if ((each.what == What::tunnel_down || each.what == What::over_budget) && each.from <= pass_began_ &&
        clock_.now() < each.until)
      return fmt::format("a launch: {}", to_string(each.what));
  return {};
}

bool Simulation::is_settled() {
  if (!alive_ || in_motion_ || !late_wishes_.empty() || !spool_.empty()) return false;
  if (!slurm_.jobs_now().empty()) return false;
  for (int i = 0; i < terms_.nodes; ++i) {
    const slurm::NodeState& state = slurm_.look(name(i)).state;
    if (!state.is_powered_down() || state.is_down()) return false;
  }
  for (const auto& [id, instance] : cloud_.account().instances)
    if (is_ours(view(), instance) && is_alive(instance)) return false;
  return !terms_.names || names_of_ours().empty();  // they are looked at every few minutes
}

/// What a crash must not change: nodes that are not simply off, names, and objects but the launch documents.
std::string Simulation::end_state() {
  std::string text;
  for (int i = 0; i < terms_.nodes; ++i) {
    const slurm::Node& node = slurm_.look(name(i));
    const std::string state = to_string(node.state);
    if (state != "IDLE+CLOUD+POWERED_DOWN") text += fmt::format("{} {}; ", node.name, state);
  }
  // The way back of a name that somebody erased cannot be found from it any more.
  if (terms_.names)
    for (const std::string& name : names_of_ours()) text += name + "; ";
  for (const auto& [key, object] : cloud_.objects())
    if (key.find("/launches/") == std::string::npos) text += key + "; ";
  return text;
}

/// Which of our names stand for no machine that may live; leftovers that the world put there are swept later.
void Simulation::note_names_left() {
  std::set<std::string> held;
  for (const auto& [id, machine] : disk_.machines) held.insert(machine.node.value + ".example.com");
  std::set<std::string> left;
  for (const std::string& name : names_of_ours())
    if (!held.contains(name) && !leftovers_.contains(name)) left.insert(name);
  std::erase_if(ledger_.left_since, [&](const auto& entry) { return !left.contains(entry.first); });
  for (const std::string& name : left) ledger_.left_since.try_emplace(name, clock_.now());
}

std::vector<std::string> Simulation::names_of_ours() const {
  std::vector<std::string> ours;
  for (const std::string& name : name_server_.names())
    if (!name.ends_with(".arpa") && !ledger_.foreign_names.contains(name)) ours.push_back(name);
  return ours;
}

/// Liveness: everything settled, no instance is left that nobody wants, jobs that can run have run.
void Simulation::judge_the_end() {
  const auto end = [](std::string what) { throw Broken{"liveness", std::move(what)}; };
  if (!alive_) end("the process did not come back");
  for (const auto& [id, job] : slurm_.jobs_now()) end(fmt::format("job {} is still {}", id, job.state));
  for (const auto& [id, instance] : cloud_.account().instances)
    if (is_ours(view(), instance) && is_alive(instance))
      end(fmt::format("{} is still {}", id, to_string(instance.state)));
  for (int i = 0; i < terms_.nodes; ++i) {
    const slurm::Node& node = slurm_.look(name(i));
    if (!node.state.is_powered_down() || node.state.is_down())
      end(fmt::format("{} is still {} '{}'", node.name, to_string(node.state), node.reason));
  }
  for (const auto& [name, record] : disk_.nodes)
    if (record.wanted != fleet::Wanted::down)
      end(fmt::format("{} is still wanted {}", name, to_string(record.wanted)));
  for (const auto& [id, machine] : disk_.machines) end(fmt::format("the journal holds {} for alive", id));
  for (const auto& [key, object] : cloud_.objects())
    if (key.find("/release/") != std::string::npos) end(fmt::format("a secret is left: {}", key));
  if (terms_.names)
    for (const std::string& name : names_of_ours()) end(fmt::format("{} is still in DNS", name));
  if (in_motion_) end("something is still in motion");
}

}  // namespace spillway::sim
