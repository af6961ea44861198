// What happens in the world around the process.
#include <algorithm>

#include "dns/message.h"
#include "sim/simulation.h"
#include "slurm/hostlist.h"

namespace spillway::sim {

using std::chrono::seconds;

namespace {

emu::Fault rule(std::string operation, std::string effect, std::string code = {}, int status = 400) {
  emu::Fault fault;
  fault.operation = std::move(operation);
  fault.effect = std::move(effect);
  fault.code = std::move(code);
  fault.status = status;
  return fault;
}

/// EC2 misbehaves in one of these ways.
std::vector<emu::Fault> misbehaviour(uint32_t chance) {
  emu::Fault fault;
  switch (chance % 16) {
    case 0:
    case 1:
      fault = rule("CreateFleet", "capacity");
      fault.limit = chance / 16 % 6;
      break;
    case 2:
      fault = rule("CreateFleet", "error", "RequestLimitExceeded", 503);
      break;
    case 3:
      fault = rule("CreateFleet", "error", "InternalError", 500);
      break;
    case 4:
      fault = rule("CreateFleet", "error", "UnauthorizedOperation", 403);
      break;
    case 5:
      fault = rule("*", "error", "AuthFailure", 401);
      break;
    case 6:
      fault = rule("CreateFleet", "never_boots");
      break;
    case 7:
      fault = rule("CreateFleet", "dies_pending");
      break;
    case 8:
      fault = rule("TerminateInstances", "error", "InternalError", 500);
      break;
    case 9:
      fault = rule("CreateTags", "error", "RequestLimitExceeded", 503);
      break;
    case 10:
      fault = rule("*", "drop_before");
      fault.probability = 0.3;
      break;
    case 11:
      fault = rule("*", "drop_after");
      fault.probability = 0.3;
      break;
    case 12:
      fault = rule("*Object", "error", "SlowDown", 503);
      break;
    case 13:
      fault = rule("DescribeInstances", "error", "RequestLimitExceeded", 503);
      break;
    case 14:
      fault = rule("CreateFleet", "error", "VcpuLimitExceeded", 400);
      break;
    default:
      fault = rule("CreateFleet", "drop_after");
      break;
  }
  fault.seed = chance;
  return {fault};
}

}  // namespace

NodeName Simulation::name(int i) const {
  return NodeName{fmt::format("cloud-c5-{}", i % terms_.nodes)};
}

std::vector<NodeName> Simulation::names(int first, int count) const {
  std::vector<NodeName> all;
  for (int i = 0; i < count; ++i) all.push_back(name(first + i));
  return all;
}

InstanceId Simulation::some_instance(uint32_t chance) {
  std::vector<InstanceId> running;
  for (const auto& [id, instance] : cloud_.account().instances)
    if (instance.state == emu::State::running) running.push_back(instance.id);
  return running.empty() ? InstanceId{} : running[chance % running.size()];
}

bool Simulation::window(What what) const {
  return std::any_of(windows_.begin(), windows_.end(), [&](const Window& each) { return each.what == what; });
}

void Simulation::apply_rules() {
  auto& faults = cloud_.account().faults;
  faults.clear();
  for (const Window& each : windows_) {
    if (each.what == What::outage) faults.push_back(rule("*", "drop_before"));
    if (each.what == What::rule)
      for (emu::Fault& fault : misbehaviour(each.chance)) faults.push_back(std::move(fault));
  }
}

void Simulation::happen(const Happening& h) {
  trace("{}", to_string(h));
  digest(static_cast<uint64_t>(h.what) * 1000 + static_cast<uint64_t>(h.node));
  disturbed_at_ = clock_.now();
  const Time until = clock_.now() + h.span;
  switch (h.what) {
    case What::submit:
      ++jobs_;
      slurm_.submit(names(h.node, h.count), "cloud", h.span);
      return call_hooks_unless_silent();
    case What::cancel: {
      const auto& jobs = slurm_.jobs_now();
      if (jobs.empty()) return;
      slurm_.finish(std::next(jobs.begin(), h.chance % jobs.size())->first);
      return call_hooks_unless_silent();
    }
    case What::stray_hook:
      return write_wish(static_cast<fleet::Wish::Kind>(h.chance % 3), names(h.node, 1 + h.chance / 3 % 3));
    case What::old_wish:
      spool_.bring_back(h.chance);
      next_pass_ = std::min(next_pass_, clock_.now());
      return;
    case What::restart:
      slurm_.restart();
      slurm_.be_silent(true);
      break;
    case What::silence:
      slurm_.be_silent(true);
      break;
    case What::cut_off:
      return machines_.cut_off(name(h.node), until);
    case What::dies:
    case What::shuts_down: {
      const InstanceId id = some_instance(h.chance);
      const auto found = cloud_.account().instances.find(id.value);
      if (found == cloud_.account().instances.end()) return;
      if (h.what == What::dies)
        emu::begin_termination(cloud_.account(), found->second, "Server.SpotInstanceTermination",
                               "Server.SpotInstanceTermination: Spot instance termination");
      else
        shut_down(found->second);
      return;
    }
    case What::dns_outage:
      name_server_.fault = Error{Kind::unavailable, "the name server does not answer"};
      break;
    case What::dns_foreign: {
      const std::string full = name(h.node).value + ".example.com";
      if (!name_server_.at(full, dns::Type::txt).empty() || !name_server_.at(full, dns::Type::a).empty())
        return;
      name_server_.write(full, dns::Type::a, *dns::address_data(IpAddress{"192.168.10.9"}));
      ledger_.foreign_names[full] = "192.168.10.9";
      return;
    }
    case What::dns_erased: {
      const std::string full = name(h.node).value + ".example.com";
      if (!ledger_.foreign_names.contains(full)) name_server_.erase(full);
      return;
    }
    case What::dns_leftover: {
      const std::string full = name(h.node).value + ".example.com";
      if (!name_server_.at(full, dns::Type::txt).empty() || !name_server_.at(full, dns::Type::a).empty())
        return;
      name_server_.write(full, dns::Type::txt,
                         *dns::text_data(fmt::format("spillway {} i-0dead", policy_.cluster)));
      name_server_.write(full, dns::Type::a, *dns::address_data(IpAddress{"172.31.9.9"}));
      leftovers_.insert(full);
      return;
    }
    case What::kill:
    case What::lose_journal:
      if (waiting_ || !alive_) return;  // it is in the middle of something: planned faults do that
      end_process(h.span);
      if (h.what == What::lose_journal) lose_journal();
      return;
    case What::admin_down:
      downed_.insert(name(h.node));
      order(name(h.node), slurm::NodeAction::down, "broken fan");
      return;
    case What::admin_drain:
      drained_.insert(name(h.node));
      order(name(h.node), slurm::NodeAction::drain, "maintenance");
      return;
    case What::admin_up:
      order(name(h.node), slurm::NodeAction::power_up, "");
      return call_hooks_unless_silent();
    case What::admin_off:
      order(name(h.node), slurm::NodeAction::power_down_force, "");
      return call_hooks_unless_silent();
    case What::never_suspends:
      slurm_.be_lazy(true);
      break;
    case What::rule:
    case What::tunnel_down:
    case What::over_budget:
    case What::outage:
    case What::old_lists:
    case What::hides:
      break;
  }
  windows_.push_back({.what = h.what,
                      .from = clock_.now(),
                      .until = until,
                      .node = h.node,
                      .chance = h.chance,
                      .span = h.span});
  if (h.what == What::rule || h.what == What::outage) apply_rules();
}

void Simulation::order(const NodeName& node, slurm::NodeAction action, const std::string& reason) {
  if (const auto done = slurm_.set_state({node}, action, reason, Deadline::never()); !done)
    trace("  {}", done.error().what);
}

void Simulation::lose_journal() {
  disk_ = Disk{};
  ledger_.forget_secret_bindings(view());
  ledger_.served.clear();
  for (const std::string& name : names_of_ours()) leftovers_.insert(name);
  if (folder_.empty()) return;
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
}

void Simulation::shut_down(emu::Instance& instance) {
  machines_.stop(instance.id);
  instance.started = false;
  emu::begin_termination(cloud_.account(), instance, "Client.InstanceInitiatedShutdown",
                         "Client.InstanceInitiatedShutdown: Instance initiated shutdown");
}

void Simulation::call_hooks_unless_silent() {
  if (!window(What::restart) && !window(What::silence)) call_hooks();
}

void Simulation::write_wish(fleet::Wish::Kind kind, const std::vector<NodeName>& nodes) {
  fleet::Wish wish{.kind = kind, .nodes = slurm::fold(nodes), .made_at = clock_.now()};
  if (terms_.tells_jobs && kind == fleet::Wish::Kind::resume) {
    Json jobs = Json::array();
    for (const auto& [id, job] : slurm_.jobs_now())
      if (job.state == "CONFIGURING")
        jobs.push(Json::object({{"job_id", id}, {"nodes", slurm::fold(job.nodes)}}));
    wish.resume_file = Json::object({{"jobs", std::move(jobs)}}).dump();
  }
  const Effects::Context process = effects_.leave();
  const auto written = spool_.write(wish);
  effects_.come_back(process);
  trace("hook {} {}{}", fleet::to_string(kind), wish.nodes, written ? "" : ": " + written.error().what);
  if (next_pass_ > clock_.now()) look_ = fleet::Look::slurm;
  next_pass_ = std::min(next_pass_, clock_.now());
}

void Simulation::lift_everything() {
  effects_.stop_faults();
  windows_.clear();
  to_come_.clear();
  apply_rules();
  name_server_.fault.reset();
  slurm_.be_silent(false);
  slurm_.be_lazy(false);
  disturbed_at_ = clock_.now();
  for (int i = 0; i < terms_.nodes; ++i) {
    const slurm::Node& node = slurm_.look(name(i));
    // Who set a node DOWN that we had drained wrote over our reason; scontrol's resume clears both.
    const bool both = downed_.contains(node.name) && node.reason == "broken fan";
    if (node.state.is_draining() && (drained_.contains(node.name) || both))
      order(node.name, slurm::NodeAction::undrain, "");
    if (downed_.contains(node.name) && node.state.is_down())
      order(node.name, slurm::NodeAction::power_down_force, "");
  }
  call_hooks();
}

}  // namespace spillway::sim
