#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "base/file.h"
#include "staging/entry.h"

namespace spillway::staging {

/// Told of what cannot take part, by key.
using Complain = std::function<void(const std::string& key, Error error)>;

struct WalkOptions {
  bool xattrs = false;   // read them
  std::string clean_up;  // remove files whose names begin so: a copy that was killed left them
};

/// A tree on disk, directory by directory with openat, never through a symbolic link. Holds the names of one
/// directory a level, so that a million files need some tens of megabytes. What is neither file, directory
/// nor symbolic link, cannot be read, or goes while it is looked at, is complained of and passed over.
class LocalTree final : public Tree {
 public:
  /// Errors: not_found (SPW-STAGE-002), denied, io.
  static Result<std::unique_ptr<LocalTree>> open(const std::filesystem::path& root, WalkOptions options,
                                                 Complain complain);
  /// A directory that is not there, which has nothing in it.
  static std::unique_ptr<LocalTree> absent();
  ~LocalTree() override;

  Result<std::optional<Entry>> next() override;

 private:
  struct Level;
  LocalTree() = default;
  Result<void> descend(Fd directory, const std::string& key, const std::string& path);
  std::optional<Entry> look(Level& level, std::string_view name, std::string_view key_name, bool folder);

  WalkOptions options_;
  Complain complain_;
  std::vector<std::unique_ptr<Level>> levels_;
};

/// What `stat` says of a file, as an entry under `key`.
struct FileId {
  int64_t size = 0, mtime_ns = 0;
  uint64_t inode = 0;
  bool operator==(const FileId&) const = default;
};
FileId file_id(int fd);

}  // namespace spillway::staging
