#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "staging/sync.h"

namespace spillway::staging {

/// Shows how a copy goes while it does: a line that is written over on a terminal, JSON lines for programs.
/// Also calls `check` a few times a second.
class Show {
 public:
  Show(const Progress& progress, bool json, bool bar, std::function<void()> check);
  ~Show();
  /// A file that failed, at once.
  void tell(const Failure& failure);
  void end();

 private:
  void run();
  void print(bool last);
  const Progress& progress_;
  const bool json_, bar_;
  const std::function<void()> check_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::thread thread_;  // last: it uses the rest
};

/// "1.5 GiB".
std::string bytes_text(int64_t bytes);
/// A bar's line: what of how much, how fast, how long yet.
std::string progress_line(const Progress& progress, double seconds);

}  // namespace spillway::staging
