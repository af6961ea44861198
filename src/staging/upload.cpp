#include "staging/upload.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/crc64.h"
#include "base/crypto.h"
#include "base/digest.h"
#include "base/text.h"
#include "staging/beneath.h"
#include "staging/codes.h"
#include "staging/remote_tree.h"

namespace spillway::staging {
namespace {

std::string_view text_of(std::span<char> bytes) {
  return {bytes.data(), bytes.size()};
}

Error changed(const std::string& name) {
  return Error{Kind::conflict, kChanged, fmt::format("{} changed while it was read", in_quotes(name))};
}

}  // namespace

Result<void> read_exactly(int fd, std::span<char> into, int64_t offset, const std::string& name) {
  while (!into.empty()) {
    const ssize_t got = pread(fd, into.data(), into.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", name, errno);
    if (got == 0) return changed(name);
    into = into.subspan(static_cast<size_t>(got));
    offset += got;
  }
  return {};
}

Result<void> check_unchanged(int fd, const Entry& entry) {
  if (file_id(fd) == FileId{entry.size, entry.mtime_ns, entry.inode}) return {};
  return changed(entry.key);
}

Result<Fd> Uploader::open(const Entry& entry) {
  const std::string path = entry.where();
  Fd fd = open_beneath(root_, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  if (!fd.valid() && errno == ENOENT)
    return Error{Kind::not_found, kVanished, fmt::format("{} vanished", in_quotes(entry.key))};
  if (!fd.valid()) return system_error("read", entry.key, errno);
  TRY(check_unchanged(fd.get(), entry));
  return fd;
}

Result<Entry> Uploader::send_whole(int fd, const std::string& key, Entry entry) {
  const Buffers::Held buffer = means_.memory.whole.take(static_cast<size_t>(entry.size));
  TRY(read_exactly(fd, buffer->span(), 0, entry.key));
  const std::string_view content = text_of(buffer->span());
  entry.crc64 = crc64nvme(content);
  entry.sha256 = Sha256().update(content).finish();
  TRY(check_unchanged(fd, entry));
  means_.pace(content.size());
  entry.etag = TRY(
      means_.objects.put(key, content, {crc64_text(*entry.crc64), to_hex(entry.sha256)}, request_patience()));
  means_.progress.bytes_done += entry.size;
  means_.crew.moved(content.size());
  return entry;
}

Result<Entry> Uploader::send_open(int fd, const std::string& key, Entry entry, bool resumable) {
  if (!is_large(entry)) return send_whole(fd, key, std::move(entry));
  return send_parts(fd, key, std::move(entry), resumable);
}

Result<Entry> Uploader::send(Entry entry) {
  const Fd fd = TRY(open(entry));
  const std::string key = prefix_ + entry.key;
  return send_open(fd.get(), key, std::move(entry), true);
}

Result<Entry> Uploader::hashed(Entry entry) {
  const Fd fd = TRY(open(entry));
  constexpr int64_t kPiece = 1 << 20;
  Sha256 digest;
  uint64_t crc = 0;
  for (int64_t at = 0; at < entry.size; at += kPiece) {
    const Buffers::Held buffer =
        means_.memory.whole.take(static_cast<size_t>(std::min(kPiece, entry.size - at)));
    TRY(read_exactly(fd.get(), buffer->span(), at, entry.key));
    crc = crc64nvme(text_of(buffer->span()), crc);
    digest.update(text_of(buffer->span()));
  }
  TRY(check_unchanged(fd.get(), entry));
  entry.crc64 = crc;
  entry.sha256 = digest.finish();
  return entry;
}

Result<std::optional<Entry>> Uploader::adopt(const Entry& entry, const Entry& object) {
  if (entry.size != object.size) return std::optional<Entry>();
  // The ETag of an object that was put in one piece is its MD5, unless a KMS key encrypts the bucket: then it
  // fits nothing, and S3 is asked for its checksum.
  Entry mine = TRY(hashed(entry));
  if (object.etag.size() == 32 && entry.size <= means_.parts_from) {
    const Fd fd = TRY(open(entry));
    const Buffers::Held buffer = means_.memory.whole.take(static_cast<size_t>(entry.size));
    TRY(read_exactly(fd.get(), buffer->span(), 0, entry.key));
    if (to_hex(md5(text_of(buffer->span()))) == object.etag) {
      mine.etag = object.etag;
      return std::optional<Entry>(std::move(mine));
    }
  }
  const auto facts = means_.objects.head(prefix_ + entry.key, request_patience());
  if (!facts || facts->crc64 != crc64_text(*mine.crc64) || facts->size != entry.size)
    return std::optional<Entry>();
  mine.etag = facts->etag;
  return std::optional<Entry>(std::move(mine));
}

}  // namespace spillway::staging
