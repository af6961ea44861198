#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "staging/pace.h"

namespace spillway::staging {

/// Threads that do tasks side by side, each waiting for its own request; how many work at a time is the
/// pace's to say.
class Crew {
 public:
  /// `most` threads; with `fixed` all work at once, else as many as the pace finds useful.
  Crew(size_t most, bool fixed);
  /// Finishes what was given.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// Does the task some time. Waits while many others do.
  void submit(std::function<void()> task);
  /// The same, before those that wait, and at once: for parts of what has been begun.
  void submit_first(std::function<void()> task);
  /// Returns when all that was submitted is done.
  void drain();
  /// S3 asks for fewer requests.
  void slow_down();
  /// A request is over that moved this many bytes.
  void moved(size_t bytes);
  size_t limit() const;

 private:
  void work();
  void hire();
  void measure(double wall, double busy);

  const size_t most_;
  const bool fixed_;
  mutable std::mutex mutex_;
  std::condition_variable work_there_, room_there_, idle_;
  std::deque<std::function<void()>> urgent_, usual_;
  std::vector<std::thread> threads_;
  size_t active_ = 0;
  bool ending_ = false, waiting_ = false;  // waiting_: somebody has a task and no room for it
  Pace pace_;
  Pace::Window window_;
  std::chrono::steady_clock::time_point window_began_ = std::chrono::steady_clock::now();
};

}  // namespace spillway::staging
