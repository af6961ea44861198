#include "lab/breaker.h"

#include <signal.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "lab/errors.h"
#include "lab/namespaces.h"
#include "lab/network.h"
#include "lab/onprem.h"

namespace spillway::lab {
namespace {

using SteadyClock = std::chrono::steady_clock;

bool is_host(const std::string& name) {
  return std::find(hosts().begin(), hosts().end(), name) != hosts().end();
}

/// The same in a machine's network.
Program in_machine(pid_t pid, const std::vector<std::string>& argv) {
  Program program = on("ctl", argv);
  program.argv = {"/usr/bin/nsenter", fmt::format("--net=/proc/{}/ns/net", pid), "--"};
  program.argv.insert(program.argv.end(), argv.begin(), argv.end());
  return program;
}

}  // namespace

Breaker::Breaker(const Workbench& bench, Cloud& cloud,
                 std::function<std::string(const std::string&)> address_of)
    : bench_(bench), cloud_(cloud), address_of_(std::move(address_of)), watcher_([this] { watch(); }) {}

Breaker::~Breaker() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  watcher_.join();
}

Result<std::string> Breaker::instance_named(const std::string& name) const {
  for (const std::string& asked : {name, address_of_(name)})
    if (const std::string id = cloud_.instance_of(asked); id != asked) return id;
  std::vector<std::string> known;
  const Json nodes = cloud_.instances();
  for (const Json& node : nodes.items()) {
    if (node["id"].as_string() == name) return name;
    known.push_back(node["node"].as_string());
  }
  Error error{Kind::not_found, kNoSuchHost, fmt::format("no instance is the node {}", in_quotes(name))};
  if (const auto near = nearest(name, known)) return std::move(error).fixed_by("did you mean " + *near + "?");
  return error;
}

Result<void> Breaker::run(const Step& step) {
  if (step.does == Step::Does::reload_names) return bench_.processes.signal("named-ctl", SIGHUP);
  if (step.does == Step::Does::restart_names) return restart_name_server(bench_, step.ahead_s);
  const std::string machine =
      is_host(step.host) && step.host != "gw-aws" ? "" : cloud_.instance_of(step.host);
  const pid_t pid = machine.empty() ? 0 : bench_.processes.pid_of(machine);
  if (pid == 0) {
    TRY(run_on(bench_.runner, step.host, step.argv, step.input));
    return {};
  }
  Program program = in_machine(pid, step.argv);
  program.input = step.input;
  const Finished done = TRY(bench_.runner.run(program, Deadline::after(std::chrono::seconds(30))));
  if (done.exit_code == 0) return {};
  return Error{Kind::io, kBadCommand,
               fmt::format("{} in {}: {}", step.argv.front(), step.host, trim(done.err))};
}

Result<void> Breaker::carry_out(const std::string& name, const Damage& damage) {
  Json rules = Json::array();
  for (Json rule : damage.rules.items()) rules.push(std::move(rule.set("name", name)));
  TRY(cloud_.add_faults(rules));
  for (const ApiCall& call : damage.calls) TRY(cloud_.call(call.operation, call.input));
  for (const Step& step : damage.cut) TRY(run(step));
  return {};
}

/// Tries everything: what something else has mended fails here, and that is well.
void Breaker::undo(const std::string& name, const Damage& damage) {
  cloud_.remove_faults(name);
  for (const Step& step : damage.mend)
    if (const auto done = run(step); !done) log::info("lab", "heal {}: {}", name, done.error().what);
  for (const ApiCall& call : damage.undo)
    if (const auto done = cloud_.call(call.operation, call.input); !done)
      log::info("lab", "heal {}: {}", name, done.error().what);
}

Result<Json> Breaker::cut(const Json& question) {
  const Breakage& breakage = *TRY(find_breakage(question["what"].as_string()));
  const std::string name(breakage.name);
  Scene scene{question["target"].as_string(), "", [this](const std::string& operation, Json input) {
                return cloud_.call(operation, std::move(input));
              }};
  TRY(check_target(breakage, scene.target));
  const bool of_node = breakage.aim == Aim::node || breakage.aim == Aim::optional_node;
  if (of_node && !scene.target.empty()) scene.instance = TRY(instance_named(scene.target));
  const std::scoped_lock lock(mutex_);
  if (const auto old = active_.find(name); old != active_.end()) {
    undo(name, old->second.damage);
    active_.erase(old);
  }
  Active active{scene.target, TRY(breakage.plan(scene)), {}};
  if (const Result<void> done = carry_out(name, active.damage); !done) {
    undo(name, active.damage);
    return done.error();
  }
  if (const int64_t seconds = question["seconds"].as_int(); seconds > 0)
    active.until = SteadyClock::now() + std::chrono::seconds(seconds);
  active_.emplace(name, std::move(active));
  changed_.notify_one();
  return list();
}

Result<Json> Breaker::mend(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  if (!name.empty() && !active_.contains(name)) {
    TRY(find_breakage(name));
    return Error{Kind::not_found, kNotBroken, fmt::format("{} is not broken", name)};
  }
  for (const auto& [each, active] : active_)
    if (name.empty() || each == name) undo(each, active.damage);
  std::erase_if(active_, [&](const auto& entry) { return name.empty() || entry.first == name; });
  return list();
}

Json Breaker::broken() const {
  const std::scoped_lock lock(mutex_);
  return list();
}

Json Breaker::list() const {
  Json broken = Json::array();
  for (const auto& [name, active] : active_) {
    Json one = Json::object({{"what", name}, {"target", active.target}});
    if (active.until)
      one.set("seconds_left",
              int64_t{std::chrono::ceil<std::chrono::seconds>(*active.until - SteadyClock::now()).count()});
    broken.push(std::move(one));
  }
  return Json::object({{"schema", "spillway.lab.broken/v1"}, {"broken", std::move(broken)}});
}

void Breaker::watch() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    std::optional<SteadyClock::time_point> next;
    for (auto active = active_.begin(); active != active_.end();) {
      if (active->second.until && *active->second.until <= SteadyClock::now()) {
        undo(active->first, active->second.damage);
        active = active_.erase(active);
        continue;
      }
      if (active->second.until && (!next || *active->second.until < *next)) next = active->second.until;
      ++active;
    }
    if (next)
      changed_.wait_until(lock, *next);
    else
      changed_.wait(lock);
  }
}

}  // namespace spillway::lab
