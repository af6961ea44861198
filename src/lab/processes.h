#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/time.h"
#include "lab/init.h"

namespace spillway::lab {

/// The lab's running services and instances, by name.
class Processes {
 public:
  Processes(Fd requests, Fd events);

  /// Starts a service. Errors: conflict (it runs), io.
  Result<void> start(const Service& service);
  /// Boots an instance; `gone` is called once, when its init has ended.
  Result<void> boot(const MachineBoot& machine, std::function<void()> gone);
  /// Sends `signal` to what runs under `name`. Errors: not_found.
  Result<void> signal(const std::string& name, int signal);
  /// Waits until nothing runs under `name`. Errors: timeout.
  Result<void> wait_for_end(const std::string& name, Deadline deadline);
  /// The pid within the sandbox; 0 when it does not run.
  pid_t pid_of(const std::string& name) const;
  bool runs(const std::string& name) const { return pid_of(name) != 0; }

 private:
  struct Running {
    pid_t pid = 0;
    std::function<void()> gone;
  };
  void ended(pid_t pid, int status);
  Result<void> keep(const std::string& name, const Result<pid_t>& pid, std::function<void()> gone);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Running> running_;
  std::map<pid_t, int> ended_early_;  // ended before start() had stored its pid
  InitClient init_;                   // last: its thread uses the others
};

}  // namespace spillway::lab
