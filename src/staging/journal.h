#pragma once
#include <filesystem>
#include <mutex>
#include <optional>
#include <vector>

#include "store/database.h"

namespace spillway::staging {

/// What must outlive us: uploads in parts that were begun, so that a copy that was killed goes on with them,
/// and which copies there were. One file for each user. Safe to use from several threads, and by several
/// processes, of which only one may do the same copy.
class Journal {
 public:
  /// `state`/transfers.db, made if it is not there. Errors: io, denied, invalid.
  static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& state);
  /// $XDG_STATE_HOME/spillway, or ~/.local/state/spillway.
  static std::filesystem::path usual_place();

  /// An upload in parts of one file as it was then.
  struct Upload {
    std::string bucket, key, id;
    int64_t size = 0, mtime_ns = 0, inode = 0, part_size = 0;
    bool crc64 = false;
  };
  /// Written before the first part is sent.
  Result<void> begun(const Upload& upload);
  Result<std::optional<Upload>> find(const std::string& bucket, const std::string& key);
  /// Completed or given up.
  Result<void> ended(const std::string& bucket, const std::string& key);

  struct Transfer {
    std::string id, source, target, state, summary;  // state: running, done, partial, failed
    int64_t began_ns = 0, ended_ns = 0, pid = 0;
    std::string options;  // JSON: what `data resume` gives again
  };
  Result<void> keep(const Transfer& transfer);
  Result<std::vector<Transfer>> transfers();

 private:
  explicit Journal(store::Database database) : database_(std::move(database)) {}
  std::mutex mutex_;
  store::Database database_;
};

}  // namespace spillway::staging
