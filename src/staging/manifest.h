#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/file.h"
#include "staging/entry.h"

// The manifest is text, one JSON object a line: {"schema":"spillway.manifest/v1"} first, then the entries in
// the order of their keys, then {"end":true,"entries":N,"sha256":"…"} with the hash of all lines before. Of
// an entry: key, type (file, directory, symlink), mode (octal text), mtime_ns, size, sha256 (hexadecimal),
// crc64nvme (base64), etag, sparse, link or link64, path64, xattrs; what does not apply is absent.
namespace spillway::staging {

/// One entry's line, with its line feed.
std::string manifest_line(const Entry& entry);
/// Errors: invalid (SPW-STAGE-010).
Result<Entry> read_manifest_line(std::string_view line);

/// Writes a manifest into an unnamed temporary file, so that a million entries take no memory.
class ManifestWriter {
 public:
  /// Errors: io.
  static Result<ManifestWriter> make();
  Result<void> add(const Entry& entry);
  /// The last line; the file may then be read from its beginning.
  Result<Fd> finish();
  int64_t entries() const { return entries_; }

 private:
  explicit ManifestWriter(Fd file) : file_(std::move(file)) {}
  Result<void> put(std::string_view text);
  Result<void> flush();
  Fd file_;
  Sha256 digest_;
  std::string pending_, last_key_;
  int64_t entries_ = 0;
};

/// A manifest as a tree. It is read once to its end before anything is told of it: one that was cut short or
/// changed is refused whole.
class ManifestTree final : public Tree {
 public:
  /// `file` holds the manifest. Errors: invalid (SPW-STAGE-010), io.
  static Result<std::unique_ptr<ManifestTree>> open(Fd file);
  Result<std::optional<Entry>> next() override;
  int64_t entries() const { return entries_; }
  int64_t bytes() const { return bytes_; }  // of all files

 private:
  explicit ManifestTree(Fd file) : file_(std::move(file)) {}
  Result<void> check();
  /// A line without its line feed; nothing at the end.
  Result<std::optional<std::string_view>> line();
  Fd file_;
  std::string buffer_;
  size_t position_ = 0;
  int64_t offset_ = 0, entries_ = 0, bytes_ = 0;
};

/// A file without a name, for what is too large for memory; gone when it is closed. Errors: io.
Result<Fd> unnamed_file();

}  // namespace spillway::staging
