#include "lab/instances.h"

#include <signal.h>

#include "base/log.h"

namespace spillway::lab {
namespace {

/// Names of interfaces have at most 15 letters.
std::string cable_of(const InstanceId& id) {
  return "v-" + (id.value.size() > 13 ? id.value.substr(id.value.size() - 13) : id.value);
}

}  // namespace

void Instances::start(const emu::Machine& machine) {
  {
    const std::scoped_lock lock(mutex_);
    on_.insert(machine.id);
  }
  const Result<void> booted =
      processes_.boot({machine.id.value, machine.private_ip.value, cable_of(machine.id)},
                      [this, id = machine.id] { ended(id); });
  if (booted) return;
  log::error("lab", "{} does not boot: {}", machine.id, booted.error().what);
  ended(machine.id);
}

void Instances::stop(const InstanceId& id) {
  {
    const std::scoped_lock lock(mutex_);
    on_.erase(id);
  }
  (void)processes_.signal(id.value, SIGKILL).has_value();  // not_found: it had ended by itself a moment ago
}

void Instances::ended(const InstanceId& id) {
  {
    const std::scoped_lock lock(mutex_);
    if (on_.erase(id) == 0) return;
  }
  if (told_) told_(id);
}

}  // namespace spillway::lab
