#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "lab/break.h"
#include "lab/cloud.h"
#include "lab/workbench.h"

namespace spillway::lab {

/// Breaks things in the running lab and mends them again, on demand or when their time is over. Safe to call
/// from several threads.
class Breaker {
 public:
  /// `address_of` tells where Slurm says that a node answers; it is known before the node's tags are.
  Breaker(const Workbench& bench, Cloud& cloud, std::function<std::string(const std::string&)> address_of);
  ~Breaker();
  Breaker(const Breaker&) = delete;
  Breaker& operator=(const Breaker&) = delete;

  /// {"what": name, "target": text, "seconds": N; 0: until it is healed}. What is broken already is healed
  /// first. Errors: SPW-LAB-016, -017, SPW-LAB-009 (no such node), those of the steps; then nothing is
  /// broken.
  Result<Json> cut(const Json& question);
  /// Mends the breakage of this name, all of them where it is "". Errors: SPW-LAB-018.
  Result<Json> mend(const std::string& name);
  /// What is broken: {"schema", "broken": [{"what", "target", "seconds_left"}]}.
  Json broken() const;

 private:
  struct Active {
    std::string target;
    Damage damage;
    std::optional<std::chrono::steady_clock::time_point> until;
  };
  Result<std::string> instance_named(const std::string& name) const;
  Result<void> carry_out(const std::string& name, const Damage& damage);
  void undo(const std::string& name, const Damage& damage);
  Result<void> run(const Step& step);
  Json list() const;
  void watch();

  const Workbench& bench_;
  Cloud& cloud_;
  std::function<std::string(const std::string&)> address_of_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Active> active_;
  bool ending_ = false;
  std::thread watcher_;  // last: it uses the others
};

}  // namespace spillway::lab
