#include "lab/processes.h"

#include <signal.h>

#include <algorithm>

#include "base/log.h"
#include "lab/errors.h"

namespace spillway::lab {

Processes::Processes(Fd requests, Fd events)
    : init_(std::move(requests), std::move(events), [this](pid_t pid, int status) { ended(pid, status); }) {}

void Processes::ended(pid_t pid, int status) {
  std::function<void()> gone;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = std::find_if(running_.begin(), running_.end(),
                                    [&](const auto& entry) { return entry.second.pid == pid; });
    if (found == running_.end()) {
      ended_early_[pid] = status;  // or an orphan of some service, which nobody asks for
      return;
    }
    log::info("lab", "{} ended with {}", found->first, status);
    gone = std::move(found->second.gone);
    running_.erase(found);
    changed_.notify_all();
  }
  if (gone) gone();
}

Result<void> Processes::keep(const std::string& name, const Result<pid_t>& pid, std::function<void()> gone) {
  if (!pid) return Error(pid.error()).during("start " + name);
  {
    const std::scoped_lock lock(mutex_);
    if (!ended_early_.contains(*pid)) {
      running_[name] = Running{*pid, std::move(gone)};
      return {};
    }
    ended_early_.erase(*pid);
  }
  if (gone) gone();
  return {};
}

Result<void> Processes::start(const Service& service) {
  if (runs(service.name)) return Error{Kind::conflict, service.name + " runs already"};
  return keep(service.name, init_.start(service), {});
}

Result<void> Processes::boot(const MachineBoot& machine, std::function<void()> gone) {
  return keep(machine.id, init_.boot(machine), std::move(gone));
}

Result<void> Processes::signal(const std::string& name, int signal) {
  const std::scoped_lock lock(mutex_);  // so that the pid cannot be reaped and reused in between
  const auto found = running_.find(name);
  if (found == running_.end()) return Error{Kind::not_found, kNoSuchHost, "not running: " + name};
  kill(found->second.pid, signal);
  return {};
}

Result<void> Processes::wait_for_end(const std::string& name, Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, deadline.remaining(), [&] { return !running_.contains(name); })) return {};
  return Error{Kind::timeout, kService, name + " does not end"};
}

pid_t Processes::pid_of(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = running_.find(name);
  return found == running_.end() ? 0 : found->second.pid;
}

}  // namespace spillway::lab
