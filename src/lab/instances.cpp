#include "lab/instances.h"

#include <signal.h>

#include "base/log.h"
#include "lab/router.h"

namespace spillway::lab {
void Instances::start(const emu::Machine& machine) {
  const std::scoped_lock lock(mutex_);
  on_.insert(machine.id);
  todo_.push_back([this, machine] { boot(machine); });
  changed_.notify_one();
}

void Instances::stop(const InstanceId& id) {
  const std::scoped_lock lock(mutex_);
  on_.erase(id);
  // not_found: it had ended by itself a moment ago, or was never booted
  todo_.push_back([this, id] { (void)processes_.signal(id.value, SIGKILL).has_value(); });
  changed_.notify_one();
}

void Instances::finish() {
  {
    const std::scoped_lock lock(mutex_);
    finished_ = true;
  }
  changed_.notify_one();
  if (worker_.joinable()) worker_.join();
}

void Instances::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return finished_ || !todo_.empty(); });
    if (finished_) return;
    const std::function<void()> next = std::move(todo_.front());
    todo_.pop_front();
    lock.unlock();
    next();
  }
}

void Instances::boot(const emu::Machine& machine) {
  {
    const std::scoped_lock lock(mutex_);
    if (!on_.contains(machine.id)) return;  // terminated before its turn
  }
  if (before_boot_) before_boot_();
  const Result<void> booted =
      processes_.boot({machine.id.value, machine.private_ip.value, cable_of(machine.id)},
                      [this, id = machine.id] { ended(id); });
  if (booted) return;
  log::error("lab", "{} does not boot: {}", machine.id, booted.error().what);
  ended(machine.id);
}

void Instances::ended(const InstanceId& id) {
  {
    const std::scoped_lock lock(mutex_);
    if (on_.erase(id) == 0) return;
  }
  if (told_) told_(id);
}

}  // namespace spillway::lab
