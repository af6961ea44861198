// The executor's steps that act on DNS.
#include <algorithm>

#include "base/log.h"
#include "base/planted.h"
#include "fleet/executor.h"
#include "fleet/names.h"

namespace spillway::fleet {
namespace {

constexpr Time kNever{};
constexpr auto kTalkAtMost = std::chrono::seconds{10};  // the loop has other things to do

}  // namespace

Result<void> Executor::act(const Register& step, const Records&, Deadline deadline) {
  if (!outside_.names) return {};
  std::vector<dns::Binding> bindings;
  TRY(journal_.transaction([&]() -> Result<void> {
    for (const MachineRecord& machine : step.machines) {
      bindings.push_back(binding_of(machine));
      TRY(update({machine.id}, "", "", [&](MachineRecord& m) {
        m.address = machine.address;
        if (m.registering_at == kNever) m.registering_at = now();
        m.unregistered_at = kNever;
      }));
    }
    return {};
  }));
  const auto foreign = TRY(outside_.names->publish(bindings, deadline.sooner(kTalkAtMost)));
  return journal_.transaction([&]() -> Result<void> {
    for (const MachineRecord& machine : step.machines) {
      std::vector<dns::Foreign> others;
      for (const dns::Foreign& each : foreign)
        if (each.node == machine.node) others.push_back(each);
      TRY(record_name(machine, others));
    }
    return {};
  });
}

Result<void> Executor::record_name(const MachineRecord& machine, const std::vector<dns::Foreign>& foreign) {
  if (foreign.empty())
    return update({machine.id}, "registered", machine.address.value, [&](MachineRecord& m) {
      m.registered_at = now();
      m.name_trouble.clear();
    });
  const Error error = dns::to_error(foreign);
  if (machine.name_trouble != error.what) log::error("dns", "{}", to_string(error));
  return update({machine.id}, machine.name_trouble == error.what ? "" : "unnamed", error.what,
                [&](MachineRecord& m) {
                  m.registered_at = kNever;
                  m.name_trouble = error.what;
                });
}

Result<void> Executor::act(const Unregister& step, const Records&, Deadline deadline) {
  if (!outside_.names) return {};
  std::vector<dns::Binding> bindings;
  for (const InstanceId& id : step.instances)
    if (const auto machine = TRY(journal_.machine(id))) bindings.push_back(binding_of(*machine));
  if (!planted(Bug::names_left)) TRY(outside_.names->withdraw(bindings, deadline.sooner(kTalkAtMost)));
  return update(step.instances, "unregistered", "", [&](MachineRecord& m) { m.unregistered_at = now(); });
}

Result<void> Executor::act(const Sweep& step, const Records&, Deadline deadline) {
  if (!outside_.names) return {};
  TRY(outside_.names->withdraw(step.stale, deadline.sooner(kTalkAtMost)));
  return journal_.transaction([&]() -> Result<void> {
    for (const dns::Binding& each : step.stale)
      TRY(note("swept", each.node, each.instance, {}, 0, "its records were left in DNS"));
    return {};
  });
}

}  // namespace spillway::fleet
