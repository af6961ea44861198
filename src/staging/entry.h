#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"

namespace spillway::staging {

enum class EntryType : uint8_t { file, directory, symlink };

/// One thing of a tree. Trees are compared in the order of keys as bytes, which is also S3's.
struct Entry {
  std::string key;   // below the root; a directory's ends with a slash, so that it sorts as its content does
  std::string path;  // the name's bytes on disk where they differ from the key's (see names.h); else empty
  EntryType type = EntryType::file;
  bool sparse = false;            // has holes
  uint32_t mode = 0;              // permission bits; 0: not known
  int64_t size = 0;               // bytes, of files
  int64_t mtime_ns = 0;           // since 1970
  std::string link;               // a symbolic link's target
  std::string sha256;             // 32 raw bytes; empty: not known
  std::optional<uint64_t> crc64;  // CRC-64/NVME
  std::string etag;               // of the object that holds it
  std::map<std::string, std::string> xattrs;

  bool known = true;     // told by a manifest or by a file system; else only size and time of an object
  bool missing = false;  // the manifest tells of it, and the bucket has no such object
  uint64_t inode = 0;    // on disk; 0: not known

  /// Where it lies below the root, without a slash at the end.
  std::string where() const {
    const std::string& full = path.empty() ? key : path;
    return full.ends_with('/') ? full.substr(0, full.size() - 1) : full;
  }
};

/// A tree that is walked once, in the order of its keys.
class Tree {
 public:
  virtual ~Tree() = default;
  /// The next entry; nothing at the end.
  virtual Result<std::optional<Entry>> next() = 0;
};

}  // namespace spillway::staging
