#include "emu/account.h"

#include "emu/faults.h"
#include "emu/vpc_parts.h"

// An instance's life; each arrow is taken by advance() when its time has come, or by the operation named.
//
//   launch ──► pending ──boot_delay──► running ──TerminateInstances──► shutting-down ──shutdown_delay──►
//   terminated
//                 │                       │                                  ▲ │
//                 └──TerminateInstances───┼──────────────────────────────────┘                 forget_after ▼
//                                         └──stopped by itself──► stopped (or shutting-down) gone
namespace spillway::emu {
namespace {

uint64_t scrambled(uint64_t n) {  // splitmix64 (Steele, Lea, Flood 2014): a bijection, so no two are equal
  n += 0x9e3779b97f4a7c15;
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
  n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
  return n ^ (n >> 31);
}

void unschedule(Account& account, Instance& instance) {
  if (instance.due) account.due.erase({*instance.due, instance.id.value});
  instance.due.reset();
}

Machine machine_of(const Account& account, const Instance& instance) {
  Machine machine{instance.id,
                  IpAddress{instance.private_ip},
                  instance.launch.subnet_id,
                  instance.launch.type,
                  instance.launch.user_data,
                  "",
                  instance.launch.image_id};
  auto profile = account.profiles.find(instance.launch.profile);
  if (profile != account.profiles.end()) machine.role_name = profile->second.role;
  return machine;
}

std::string reason_of(const std::string& code) {
  if (code == kSpotTermination) return code + ": Spot instance termination";
  return code + ": User initiated shutdown";
}

void finish_termination(Account& account, Instance& instance) {
  enter(account, instance, State::terminated);
  strip(account, instance);
  schedule(account, instance, account.now() + account.settings.forget_after);
}

void become_running(Account& account, Instance& instance) {
  enter(account, instance, State::running);
  ++account.network_version;
  give_notices(account, instance);
  if (instance.never_boots) return;
  instance.started = true;
  account.events.push_back({true, machine_of(account, instance)});
}

void move_on(Account& account, Instance& instance) {
  unschedule(account, instance);
  switch (instance.state) {
    case State::pending:
      if (!instance.dies_pending) return become_running(account, instance);
      instance.reason_code = "Server.InternalError";
      instance.reason = "Server.InternalError: Internal error on launch";
      return finish_termination(account, instance);
    case State::shutting_down:
      return finish_termination(account, instance);
    case State::stopping:
      enter(account, instance, State::stopped);
      ++account.network_version;
      return;
    case State::terminated: {
      std::string id = instance.id.value;
      account.instances.erase(id);
      return;
    }
    case State::running:
    case State::stopped:
      return;
  }
}

/// Ends those whom EC2 itself ends up to that time.
void end_those_before(Account& account, Time when) {
  while (!account.endings.empty() && account.endings.begin()->first.first <= when) {
    const auto ending = *account.endings.begin();
    account.endings.erase(account.endings.begin());
    auto found = account.instances.find(ending.first.second);
    if (found != account.instances.end())
      begin_termination(account, found->second, ending.second, reason_of(ending.second));
  }
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::pending:
      return "pending";
    case State::running:
      return "running";
    case State::shutting_down:
      return "shutting-down";
    case State::terminated:
      return "terminated";
    case State::stopping:
      return "stopping";
    case State::stopped:
      return "stopped";
  }
  return "";
}

std::string Account::make_id(std::string_view prefix) {
  return fmt::format("{}0{:016x}", prefix, scrambled(++serial));
}

void advance(Account& account) {
  attend_faults(account);
  end_those_before(account, account.now());
  while (!account.due.empty() && account.due.begin()->first <= account.now()) {
    auto found = account.instances.find(account.due.begin()->second);
    if (found == account.instances.end())
      account.due.erase(account.due.begin());
    else
      move_on(account, found->second);
  }
}

void enter(Account& account, Instance& instance, State state) {
  instance.state_before = instance.state;
  instance.changed = account.now();
  instance.state = state;
}

void schedule(Account& account, Instance& instance, Time when) {
  unschedule(account, instance);
  instance.due = when;
  account.due.emplace(when, instance.id.value);
}

bool begin_termination(Account& account, Instance& instance, std::string_view code, std::string_view why) {
  if (instance.state == State::terminated || instance.state == State::shutting_down) return false;
  if (instance.started) account.events.push_back({false, machine_of(account, instance)});
  instance.started = false;
  enter(account, instance, State::shutting_down);
  ++account.network_version;
  instance.reason_code = code;
  instance.reason = why;
  unschedule(account, instance);
  const auto stuck = stuck_for(account, instance);
  if (!stuck || *stuck)
    schedule(account, instance, account.now() + (stuck ? **stuck : account.settings.shutdown_delay));
  return true;
}

void forget_instance(Account& account, const std::string& id) {
  auto found = account.instances.find(id);
  if (found == account.instances.end()) return;
  finish_termination(account, found->second);
  unschedule(account, found->second);
  account.instances.erase(found);
}

}  // namespace spillway::emu
