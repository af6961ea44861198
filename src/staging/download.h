#pragma once
#include "staging/landing.h"
#include "staging/means.h"

namespace spillway::staging {

/// Objects under one prefix to files of one tree. What arrives is held against S3's checksum and the
/// manifest's, and only what fits gets its name. Safe to use from several threads.
class Downloader {
 public:
  Downloader(Means& means, Landing& landing, std::string prefix)
      : means_(means), landing_(landing), prefix_(std::move(prefix)) {}

  /// Fetches the object; `done` hears the outcome when the file has its name, perhaps later and from another
  /// thread. A large one comes in parts, each fetched by the crew, while this thread hashes: call that from a
  /// thread that is not of the crew. Errors: internal (SPW-STAGE-009), those of the calls and of Landing.
  void fetch(const Entry& entry, const Landing::Done& done);
  bool is_large(const Entry& entry) const { return entry.size >= means_.parts_from; }

 private:
  struct Parts;
  Result<Landing::File> fetch_whole(const Entry& entry);
  Result<Landing::File> fetch_parts(const Entry& entry);
  void fetch_one(Parts& parts, size_t index);
  Result<std::string> hash_all(Parts& parts);

  Means& means_;
  Landing& landing_;
  const std::string prefix_;
};

/// Errors: internal (SPW-STAGE-009).
Result<void> check_content(const Entry& entry, uint64_t crc, const std::string& sha256,
                           const std::string& told_crc);

}  // namespace spillway::staging
