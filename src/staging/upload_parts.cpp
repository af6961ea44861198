#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>

#include "base/crc64.h"
#include "base/crypto.h"
#include "base/digest.h"
#include "staging/codes.h"
#include "staging/remote_tree.h"
#include "staging/upload.h"

// A large file, in parts:
//
//   this thread      takes a buffer for the next part and hands it to the crew; hashes parts in their order
//   the crew         reads a part, sums it up, sends it, unless S3 has it already from an earlier run
//
// A part's buffer is free when it is both sent and hashed. Buffers are taken in the order of the parts, so
// the part to be hashed next always has one, and nobody waits for ever.
namespace spillway::staging {
namespace {

constexpr int64_t kMostParts = 10'000, kMegabyte = 1 << 20;

std::string_view text_of(std::span<char> bytes) {
  return {bytes.data(), bytes.size()};
}

}  // namespace

struct Uploader::Parts {
  struct Part {
    int64_t offset = 0, size = 0;
    Buffers::Held buffer;
    uint64_t crc = 0;
    bool read = false, sent = false;
    aws::S3Part result;
  };
  int fd = -1;
  std::string key, name;
  Journal::Upload upload;
  std::vector<Part> all;
  std::map<int64_t, aws::S3Part> there;  // from an earlier run
  std::mutex mutex;
  std::condition_variable changed;
  size_t under_way = 0;
  std::optional<Error> failed;
  std::string sha256;
};

/// Finds the upload that an earlier run began of this very file, or begins one.
Result<void> Uploader::begin(Parts& parts, const Entry& entry) {
  Journal* journal = means_.journal;
  Journal::Upload& upload = parts.upload;
  if (journal) {
    if (const auto found = TRY(journal->find(upload.bucket, parts.key))) {
      Journal::Upload same = upload;
      same.id = found->id;
      same.crc64 = found->crc64;
      same.part_size = found->part_size;
      const bool fits = found->size == entry.size && found->mtime_ns == entry.mtime_ns &&
                        found->inode == static_cast<int64_t>(entry.inode);
      auto listed = fits ? means_.objects.list_parts(parts.key, found->id, request_patience())
                         : Result<std::vector<aws::S3Part>>(Error{Kind::not_found, ""});
      if (!fits) TRY(means_.objects.abort_upload(parts.key, found->id, request_patience()));
      if (!listed && listed.error().kind != Kind::not_found) return std::move(listed).error();
      if (listed) {
        upload = same;
        for (aws::S3Part& part : *listed) parts.there[part.number] = std::move(part);
        return {};
      }
    }
  }
  const auto begun = TRY(means_.objects.create_upload(parts.key, request_patience()));
  upload.id = begun.id;
  upload.crc64 = begun.crc64;
  return journal ? journal->begun(upload) : Result<void>{};
}

/// In a thread of the crew: one part.
void Uploader::send_one(Parts& parts, size_t index) {
  Parts::Part& part = parts.all[index];
  const Buffers::Held buffer = part.buffer;
  const auto number = static_cast<int64_t>(index) + 1;
  const auto run = [&]() -> Result<void> {
    if (means_.stopped) return Error{Kind::interrupted, "interrupted"};
    TRY(read_exactly(parts.fd, buffer->span(), part.offset, parts.name));
    const std::string_view content = text_of(buffer->span());
    part.crc = crc64nvme(content);
    {
      const std::lock_guard lock(parts.mutex);
      part.read = true;
    }
    parts.changed.notify_all();
    const std::string crc = crc64_text(part.crc);
    if (const auto found = parts.there.find(number);
        found != parts.there.end() && found->second.size == part.size &&
        (found->second.crc64.empty() ? found->second.etag == to_hex(md5(content))
                                     : found->second.crc64 == crc)) {
      part.result = found->second;
      if (parts.upload.crc64) part.result.crc64 = crc;
      ++means_.progress.parts_kept;
    } else {
      means_.pace(content.size());
      // A server that knows no CRC64NVME checks the signed hash instead.
      const aws::S3Sums sums = parts.upload.crc64
                                   ? aws::S3Sums{crc, ""}
                                   : aws::S3Sums{"", to_hex(Sha256().update(content).finish())};
      part.result = TRY(
          means_.objects.upload_part(parts.key, parts.upload.id, number, content, sums, request_patience()));
    }
    means_.progress.bytes_done += part.size;
    means_.crew.moved(content.size());
    return {};
  };
  auto done = run();
  const std::lock_guard lock(parts.mutex);
  if (!done && !parts.failed) parts.failed = std::move(done).error();
  part.sent = part.read = true;
  --parts.under_way;
  parts.changed.notify_all();
}

/// Hands out all parts and hashes them, until all are sent.
Result<void> Uploader::hash_all(Parts& parts) {
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
      means_.crew.submit_first([this, &parts, index = handed] { send_one(parts, index); });
      ++handed;
    }
    Parts::Part& next = parts.all[hashed];
    {
      std::unique_lock lock(parts.mutex);
      parts.changed.wait(lock, [&] { return next.read; });
      if (parts.failed) break;
    }
    digest.update(text_of(next.buffer->span()));
    next.buffer.reset();
    ++hashed;
  }
  std::unique_lock lock(parts.mutex);
  parts.changed.wait(lock, [&] { return parts.under_way == 0; });
  if (parts.failed) return *parts.failed;
  parts.sha256 = digest.finish();
  return {};
}

Result<Entry> Uploader::send_parts(int fd, const std::string& key, Entry entry, bool resumable) {
  Parts parts;
  parts.fd = fd;
  parts.key = key;
  parts.name = entry.key;
  const int64_t least = (entry.size + kMostParts - 1) / kMostParts;
  const int64_t usual = std::max(means_.part_size, (least + kMegabyte - 1) / kMegabyte * kMegabyte);
  parts.upload = {means_.objects.requests().bucket(), key,   "",   entry.size, entry.mtime_ns,
                  static_cast<int64_t>(entry.inode),  usual, false};
  if (resumable)
    TRY(begin(parts, entry));
  else {
    const auto begun = TRY(means_.objects.create_upload(key, request_patience()));
    parts.upload.id = begun.id;
    parts.upload.crc64 = begun.crc64;
  }
  for (int64_t at = 0; at < entry.size; at += parts.upload.part_size) {
    Parts::Part& part = parts.all.emplace_back();
    part.offset = at;
    part.size = std::min(parts.upload.part_size, entry.size - at);
  }
  const auto give_up = [&](Error why) {
    // What can be gone on with is kept; a file that is another one by now, or an upload that nobody finds
    // again, is not.
    if (why.code == kChanged.id || !resumable || !means_.journal) {
      (void)means_.objects.abort_upload(key, parts.upload.id, request_patience());
      if (resumable && means_.journal) (void)means_.journal->ended(parts.upload.bucket, key);
    }
    return why;
  };
  if (auto sent = hash_all(parts); !sent) return give_up(std::move(sent).error());
  if (auto same = check_unchanged(fd, entry); !same) return give_up(std::move(same).error());
  std::vector<aws::S3Part> results;
  uint64_t crc = 0;
  for (const Parts::Part& part : parts.all) {
    crc = crc64nvme_joined(crc, part.crc, static_cast<uint64_t>(part.size));
    results.push_back(part.result);
  }
  auto etag = means_.objects.complete_upload(key, parts.upload.id, results,
                                             parts.upload.crc64 ? crc64_text(crc) : "", request_patience());
  if (!etag) return give_up(std::move(etag).error());
  if (resumable && means_.journal) TRY(means_.journal->ended(parts.upload.bucket, key));
  entry.crc64 = crc;
  entry.sha256 = parts.sha256;
  entry.etag = *std::move(etag);
  return entry;
}

}  // namespace spillway::staging
