#pragma once
#include "base/file.h"
#include "staging/entry.h"
#include "staging/means.h"
#include "staging/walk.h"

namespace spillway::staging {

/// Files of one tree to objects under one prefix. A file that changes while it is read fails (row 67 of the
/// failure catalogue): it is looked at before and after. Safe to use from several threads.
class Uploader {
 public:
  /// `root` is the tree's directory, borrowed.
  Uploader(Means& means, int root, std::string prefix)
      : means_(means), root_(root), prefix_(std::move(prefix)) {}

  /// Sends the file and gives its entry with checksums and ETag. A large one goes in parts, each sent by the
  /// crew, while this thread hashes: call that from a thread that is not of the crew. Errors: conflict
  /// (SPW-STAGE-004), not_found (SPW-STAGE-005), those of the calls and of reading.
  Result<Entry> send(Entry entry);
  /// The same for a file that is open already, under a whole key. Without `resumable`, nothing is journaled.
  Result<Entry> send_open(int fd, const std::string& key, Entry entry, bool resumable);
  /// The entry as it would be after send(), if the object that is there already has the file's content;
  /// nothing if it has not.
  Result<std::optional<Entry>> adopt(const Entry& entry, const Entry& object);
  /// Reads the file for its checksums.
  Result<Entry> hashed(Entry entry);
  bool is_large(const Entry& entry) const { return entry.size >= means_.parts_from; }

 private:
  struct Parts;
  Result<Fd> open(const Entry& entry);
  Result<Entry> send_whole(int fd, const std::string& key, Entry entry);
  Result<Entry> send_parts(int fd, const std::string& key, Entry entry, bool resumable);
  Result<void> begin(Parts& parts, const Entry& entry);
  void send_one(Parts& parts, size_t index);
  Result<void> hash_all(Parts& parts);

  Means& means_;
  const int root_;
  const std::string prefix_;
};

/// Reads exactly `into` at `offset`. Errors: conflict (SPW-STAGE-004) when the file is shorter, io.
Result<void> read_exactly(int fd, std::span<char> into, int64_t offset, const std::string& name);
/// Whether the file is still what it was. Errors: conflict (SPW-STAGE-004).
Result<void> check_unchanged(int fd, const Entry& entry);

}  // namespace spillway::staging
