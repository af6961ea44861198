#pragma once
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "staging/filter.h"
#include "staging/location.h"
#include "staging/means.h"
#include "staging/walk.h"

namespace spillway::staging {

/// What is asked of a copy between a directory and a prefix.
struct SyncWish {
  Location source, target;
  bool dry_run = false;
  bool remove = false;    // what only the target has
  bool checksum = false;  // compare contents, not times
  bool xattrs = false;
  bool durable = true;  // downloads are on the disk before they have their names
  Filter filter;
};

struct Failure {
  std::string key;
  Error error;
};

struct SyncReport {
  int64_t copied = 0, copied_bytes = 0;  // files that were sent or fetched (with dry_run: would be)
  int64_t same = 0;                      // files that were left alone
  int64_t changed_only = 0;              // of which only mode, link or the like was set
  int64_t removed = 0, parts_kept = 0;
  int64_t failed = 0;
  std::vector<Failure> failures;  // the first thousand
  std::vector<std::string> plan;  // with dry_run: a line for each step
};

/// What happened to one file: told while the copy goes on, from any thread.
using Tell = std::function<void(const Failure&)>;

/// Makes the prefix like the directory, with a manifest under the prefix. Errors: what kept it from beginning
/// or ended it as a whole; single files that failed are in the report, and nothing is removed then.
Result<SyncReport> upload_tree(const SyncWish& wish, Means& means, const Tell& tell);
/// Makes the directory like the prefix. Errors: as above.
Result<SyncReport> download_tree(const SyncWish& wish, Means& means, const Tell& tell);
/// One file to one key, or one object to one path. Errors: its own.
Result<SyncReport> copy_one(const SyncWish& wish, Means& means);

/// What both directions share: counting, failures, and steps that a dry run only tells.
class SyncBook {
 public:
  SyncBook(const SyncWish& wish, Means& means, const Tell& tell) : wish_(wish), means_(means), tell_(tell) {}
  void fail(const std::string& key, Error error);
  /// Whether to do it: false in a dry run, which notes it instead.
  bool step(std::string_view what, const Entry& entry);
  void copied(const Entry& entry);
  void same() { ++means_.progress.same; }
  void changed_only() {
    const std::lock_guard lock(mutex_);
    ++report_.changed_only;
  }
  void removed(int64_t count) {
    const std::lock_guard lock(mutex_);
    report_.removed += count;
  }
  bool clean() {
    const std::lock_guard lock(mutex_);
    return report_.failed == 0;
  }
  SyncReport finish();

 private:
  const SyncWish& wish_;
  Means& means_;
  const Tell& tell_;
  std::mutex mutex_;
  SyncReport report_;
};

/// The name under which a copy from here to there is journaled, and its temporary files begin.
std::string transfer_id(const Location& source, const Location& target);

}  // namespace spillway::staging
