#pragma once
#include <atomic>
#include <mutex>
#include <optional>

#include "aws/s3_objects.h"
#include "staging/buffers.h"
#include "staging/crew.h"
#include "staging/journal.h"
#include "staging/rate.h"

namespace spillway::staging {

/// What has happened so far, for whoever shows it.
struct Progress {
  std::atomic<int64_t> files_planned = 0, bytes_planned = 0, files_done = 0, bytes_done = 0, same = 0,
                       looked_at = 0, failed = 0, parts_kept = 0;
  std::atomic<bool> planned_all = false;
};

/// What transfers in both directions work with.
struct Means {
  aws::S3Objects& objects;
  Crew& crew;  // requests
  Memory& memory;
  RateLimit& rate;
  Progress& progress;
  Clock& clock;
  Journal* journal = nullptr;
  int64_t part_size = int64_t{8} << 20;    // at least; a file has at most 10,000 parts
  int64_t parts_from = int64_t{16} << 20;  // files of this size and more go in parts

  /// Ends everything: the disk is full, or the user does not want it any more. The first reason counts.
  void stop(Error why) {
    {
      const std::lock_guard lock(mutex);
      if (!reason) reason = std::move(why);
    }
    stopped = true;
    objects.requests().interrupt();
  }
  std::optional<Error> stopped_by() {
    const std::lock_guard lock(mutex);
    return reason;
  }
  /// Waits for these bytes' turn.
  void pace(size_t bytes) {
    for (auto left = rate.reserve(bytes, std::chrono::steady_clock::now()); left.count() > 0 && !stopped;
         left -= std::chrono::milliseconds{100})
      clock.sleep_for(std::chrono::duration_cast<Duration>(
          std::min<std::chrono::nanoseconds>(left, std::chrono::milliseconds{100})));
  }

  std::atomic<bool> stopped = false;
  std::mutex mutex;
  std::optional<Error> reason;
};

}  // namespace spillway::staging
