#include "emu/account.h"

#include <arpa/inet.h>

#include "base/text.h"

// An instance's life; each arrow is taken by advance() when its time has come, or by the operation named.
//
//   launch ──► pending ──boot_delay──► running ──TerminateInstances──► shutting-down ──shutdown_delay──►
//   terminated
//                 │                       │                                  ▲ │
//                 └──TerminateInstances───┼──────────────────────────────────┘                 forget_after ▼
//                                         └──stopped by itself──► stopped (or shutting-down) gone
namespace spillway::emu {
namespace {

struct Network {
  uint32_t base = 0;
  uint32_t size = 0;
};

Network network_of(const std::string& cidr) {
  size_t slash = cidr.find('/');
  in_addr address{};
  if (slash == std::string::npos || inet_pton(AF_INET, cidr.substr(0, slash).c_str(), &address) != 1)
    return {};
  auto bits = parse_int(cidr.substr(slash + 1));
  if (!bits || *bits < 1 || *bits > 32) return {};
  uint32_t size = 1u << (32 - *bits);
  return {ntohl(address.s_addr) & ~(size - 1), size};
}

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

void finish_termination(Account& account, Instance& instance) {
  instance.state = State::terminated;
  auto subnet = account.subnets.find(instance.launch.subnet_id);
  if (subnet != account.subnets.end()) release_address(subnet->second, instance.private_ip);
  account.instance_by_ip.erase(instance.private_ip);
  instance.private_ip.clear();
  schedule(account, instance, account.now() + account.settings.forget_after);
}

void become_running(Account& account, Instance& instance) {
  instance.state = State::running;
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
      instance.state = State::stopped;
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
  while (!account.due.empty() && account.due.begin()->first <= account.now()) {
    auto found = account.instances.find(account.due.begin()->second);
    if (found == account.instances.end())
      account.due.erase(account.due.begin());
    else
      move_on(account, found->second);
  }
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
  instance.state = State::shutting_down;
  instance.reason_code = code;
  instance.reason = why;
  schedule(account, instance, account.now() + account.settings.shutdown_delay);
  return true;
}

void forget_instance(Account& account, const std::string& id) {
  auto found = account.instances.find(id);
  if (found == account.instances.end()) return;
  finish_termination(account, found->second);
  unschedule(account, found->second);
  account.instances.erase(found);
}

int64_t free_addresses(const Subnet& subnet) {
  return std::max<int64_t>(
      0, int64_t{network_of(subnet.cidr).size} - 5 - static_cast<int64_t>(subnet.used.size()));
}

std::string take_address(Subnet& subnet) {
  if (free_addresses(subnet) == 0) return "";
  Network network = network_of(subnet.cidr);
  while (subnet.next < 4 || subnet.next >= network.size - 1 || subnet.used.contains(subnet.next))
    subnet.next = subnet.next >= network.size - 1 ? 4 : subnet.next + 1;
  subnet.used.insert(subnet.next);
  in_addr address{htonl(network.base + subnet.next++)};
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &address, text, sizeof text);
}

void release_address(Subnet& subnet, std::string_view address) {
  in_addr parsed{};
  if (inet_pton(AF_INET, std::string(address).c_str(), &parsed) == 1)
    subnet.used.erase(ntohl(parsed.s_addr) - network_of(subnet.cidr).base);
}

}  // namespace spillway::emu
