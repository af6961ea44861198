#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "aws/credentials.h"
#include "base/time.h"

namespace spillway::staging {

/// A user in whose name files are read and written.
struct Who {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
};

struct MoveOrder {
  std::filesystem::path local;  // a directory or a file
  std::string prefix;           // in the bucket
  aws::Credentials session;
};

struct MoveSummary {
  int64_t files = 0, bytes = 0;
  std::string manifest_sha256;  // of the manifest under the prefix
  bool operator==(const MoveSummary&) const = default;
};

/// What a tree looks like by names, sizes, times and inodes: the same fingerprint means that nothing was
/// written to it.
struct TreeLook {
  std::string fingerprint;
  int64_t files = 0, bytes = 0;
};

/// Moves trees between a disk and the bucket as their user. The seam between jobs and the engine: behind it a
/// program started as that user, or in tests a model that keeps what it was given.
class Mover {
 public:
  virtual ~Mover() = default;
  /// Errors: not_found, denied.
  virtual Result<TreeLook> look(const Who& who, const std::filesystem::path& local, Deadline deadline) = 0;
  /// All of it, with its manifest, or an error: partial when single files failed. What was sent before is not
  /// sent again.
  virtual Result<MoveSummary> up(const Who& who, const MoveOrder& order, Deadline deadline) = 0;
  /// All of it, each file held against the manifest and on the disk, or an error.
  virtual Result<MoveSummary> down(const Who& who, const MoveOrder& order, Deadline deadline) = 0;
};

}  // namespace spillway::staging
