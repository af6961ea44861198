#include <algorithm>

#include "emu/faults.h"

// What rules do to instances that are there, and rules whose time begins or ends.
//
//   spot_notice    told ──ms──► shutting-down, Server.SpotInstanceTermination
//   terminate_delayed    TerminateInstances is answered ──ms──► shutting-down; without ms: nothing comes of
//   it stuck_shutting_down    shutting-down ──ms, or until the rule ends──► terminated
namespace spillway::emu {
namespace {

constexpr auto kNotice = std::chrono::minutes{2};

bool is_notice(const Fault& fault) {
  return fault.effect == "spot_notice" || fault.effect == "rebalance";
}

void notify(Account& account, Fault& fault, Instance& instance) {
  if (instance.state != State::running || !in_force(account, fault) || !fits(fault, instance)) return;
  const bool reclaims = fault.effect == "spot_notice";
  if ((reclaims ? instance.reclaimed.has_value() : instance.rebalance.has_value()) || !strikes(fault)) return;
  if (!instance.rebalance) instance.rebalance = account.now();
  if (!reclaims) return;
  instance.reclaimed = account.now() + fault.time.value_or(kNotice);
  account.endings[{*instance.reclaimed, instance.id.value}] = kSpotTermination;
}

/// Those that a rule without a time keeps shutting-down go their way.
void release_the_stuck(Account& account) {
  for (auto& [id, instance] : account.instances)
    if (instance.state == State::shutting_down && !instance.due)
      schedule(account, instance, account.now() + account.settings.shutdown_delay);
}

bool any_stuck(const std::vector<Fault>& faults) {
  return std::any_of(faults.begin(), faults.end(),
                     [](const Fault& fault) { return fault.effect == "stuck_shutting_down"; });
}

}  // namespace

void install(Account& account, std::vector<Fault> faults) {
  for (Fault& fault : faults) {
    fault.from = account.now() + fault.after;
    if (fault.lasts) fault.until = fault.from + *fault.lasts;
    for (auto* buckets : {&fault.requests, &fault.resources})
      for (auto& [name, bucket] : *buckets) bucket.tokens = bucket.size, bucket.at = fault.from;
    account.faults.push_back(std::move(fault));
  }
  attend_faults(account);
}

size_t remove_faults(Account& account, std::string_view name) {
  const bool stuck = any_stuck(account.faults);
  const size_t removed =
      std::erase_if(account.faults, [&](const Fault& fault) { return name.empty() || fault.name == name; });
  if (removed && stuck && !any_stuck(account.faults)) release_the_stuck(account);
  return removed;
}

Json faults_of(const Account& account) {
  Json out = Json::array();
  for (const Fault& fault : account.faults)
    out.push(Json::object({{"rule", fault.rule}, {"acted", fault.acted}}));
  return out;
}

void attend_faults(Account& account) {
  if (account.faults.empty()) return;
  for (Fault& fault : account.faults) {
    if (fault.begun || fault.from > account.now()) continue;
    fault.begun = true;
    if (is_notice(fault))
      for (auto& [id, instance] : account.instances) notify(account, fault, instance);
  }
  const bool stuck = any_stuck(account.faults);
  const auto over = [&](const Fault& fault) { return fault.until <= account.now(); };
  if (std::erase_if(account.faults, over) && stuck && !any_stuck(account.faults)) release_the_stuck(account);
}

void give_notices(Account& account, Instance& instance) {
  for (Fault& fault : account.faults)
    if (is_notice(fault)) notify(account, fault, instance);
}

std::optional<DelayedEnd> delayed_end(Account& account, const Instance& instance) {
  for (Fault& fault : account.faults)
    if (fault.effect == "terminate_delayed" && in_force(account, fault) && fits(fault, instance) &&
        strikes(fault))
      return DelayedEnd{fault.time};
  return std::nullopt;
}

std::optional<std::optional<Duration>> stuck_for(Account& account, const Instance& instance) {
  for (Fault& fault : account.faults)
    if (fault.effect == "stuck_shutting_down" && in_force(account, fault) && fits(fault, instance) &&
        strikes(fault))
      return fault.time;
  return std::nullopt;
}

bool leaves_behind(Account& account, const Instance& instance, std::string_view what) {
  for (Fault& fault : account.faults)
    if (fault.effect == "leave_behind" && fault.what == what && in_force(account, fault) &&
        fits(fault, instance) && strikes(fault))
      return true;
  return false;
}

}  // namespace spillway::emu
