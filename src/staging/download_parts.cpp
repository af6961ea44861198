#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <condition_variable>

#include "base/crc64.h"
#include "base/digest.h"
#include "staging/codes.h"
#include "staging/download.h"
#include "staging/remote_tree.h"

// A large object, in ranges: the crew fetches them into buffers, sums them up and writes them where they
// belong; this thread hashes them in their order. Buffers are taken as for uploads.
namespace spillway::staging {
namespace {

std::string_view text_of(std::span<char> bytes) {
  return {bytes.data(), bytes.size()};
}

/// Room on the disk, where taking it costs nothing: in memory (tmpfs) every page would be cleared first.
bool reserve(int fd, int64_t size) {
  struct statfs found {};
  if (fstatfs(fd, &found) == 0 && found.f_type == TMPFS_MAGIC) {
    errno = ENOSPC;
    return static_cast<int64_t>(found.f_bavail) * found.f_bsize >= size || found.f_blocks == 0;
  }
  return fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size) == 0 || errno == EOPNOTSUPP || errno == ENOSYS;
}

}  // namespace

struct Downloader::Parts {
  struct Part {
    int64_t offset = 0, size = 0;
    Buffers::Held buffer;
    uint64_t crc = 0;
    bool fetched = false;
  };
  const Entry& entry;
  int fd = -1;
  std::string etag;
  std::vector<Part> all;
  std::mutex writing;  // the kernel lets one write to a file at a time, and the others burn time waiting
  std::mutex mutex;
  std::condition_variable changed;
  size_t under_way = 0;
  std::optional<Error> failed;
};

/// In a thread of the crew: one range.
void Downloader::fetch_one(Parts& parts, size_t index) {
  Parts::Part& part = parts.all[index];
  const Buffers::Held buffer = part.buffer;
  const auto run = [&]() -> Result<void> {
    if (means_.stopped) return Error{Kind::interrupted, "interrupted"};
    means_.pace(buffer->size());
    TRY(means_.objects.get(prefix_ + parts.entry.key, aws::S3Objects::Range{part.offset, part.size},
                           parts.etag, buffer->span(), request_patience()));
    part.crc = crc64nvme(text_of(buffer->span()));
    return {};
  };
  auto done = run();
  {
    const std::lock_guard lock(parts.mutex);
    if (!done && !parts.failed) parts.failed = std::move(done).error();
    part.fetched = true;
  }
  parts.changed.notify_all();  // it may be hashed while it is written
  const auto write = [&] {
    const std::lock_guard lock(parts.writing);
    return write_exactly(parts.fd, text_of(buffer->span()), part.offset, parts.entry.sparse, parts.entry.key);
  };
  auto written = done ? write() : Result<void>{};
  if (done) means_.progress.bytes_done += part.size;
  means_.crew.moved(buffer->size());
  const std::lock_guard lock(parts.mutex);
  if (!written && !parts.failed) parts.failed = std::move(written).error();
  --parts.under_way;
  parts.changed.notify_all();
}

/// Has all ranges fetched; the SHA-256 of all, where there is one to hold it against.
Result<std::string> Downloader::hash_all(Parts& parts) {
  Sha256 digest;
  size_t handed = 0, hashed = 0;
  const auto failed = [&] {
    const std::lock_guard lock(parts.mutex);
    return parts.failed.has_value();
  };
  while (hashed < parts.all.size() && !failed()) {
    while (handed < parts.all.size()) {
      Parts::Part& next = parts.all[handed];
      const auto size = static_cast<size_t>(next.size);
      next.buffer = handed == hashed ? means_.memory.parts.take(size) : means_.memory.parts.try_take(size);
      if (!next.buffer) break;
      {
        const std::lock_guard lock(parts.mutex);
        ++parts.under_way;
      }
      means_.crew.submit_first([this, &parts, index = handed] { fetch_one(parts, index); });
      ++handed;
    }
    Parts::Part& next = parts.all[hashed];
    {
      std::unique_lock lock(parts.mutex);
      parts.changed.wait(lock, [&] { return next.fetched; });
      if (parts.failed) break;
    }
    if (!parts.entry.sha256.empty()) digest.update(text_of(next.buffer->span()));
    next.buffer.reset();
    ++hashed;
  }
  std::unique_lock lock(parts.mutex);
  parts.changed.wait(lock, [&] { return parts.under_way == 0; });
  if (parts.failed) return *parts.failed;
  return parts.entry.sha256.empty() ? std::string() : digest.finish();
}

Result<Landing::File> Downloader::fetch_parts(const Entry& entry) {
  Parts parts{.entry = entry, .etag = entry.etag};
  std::string told_crc;
  if (!entry.crc64 || entry.etag.empty()) {
    const auto facts = TRY(means_.objects.head(prefix_ + entry.key, request_patience()));
    told_crc = facts.crc64;
    if (parts.etag.empty()) parts.etag = facts.etag;
  }
  Landing::File file = TRY(landing_.create(entry));
  parts.fd = file.fd();
  // Room for all of it before the first byte, and the size that holes need.
  if (entry.sparse ? ftruncate(parts.fd, entry.size) != 0 : !reserve(parts.fd, entry.size))
    return landing_error("write", entry.key, errno);
  for (int64_t at = 0; at < entry.size; at += means_.part_size) {
    Parts::Part& part = parts.all.emplace_back();
    part.offset = at;
    part.size = std::min(means_.part_size, entry.size - at);
  }
  const std::string sha256 = TRY(hash_all(parts));
  uint64_t crc = 0;
  for (const Parts::Part& part : parts.all)
    crc = crc64nvme_joined(crc, part.crc, static_cast<uint64_t>(part.size));
  TRY(check_content(entry, crc, sha256, told_crc));
  return file;
}

}  // namespace spillway::staging
