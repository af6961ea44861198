#include <fcntl.h>
#include <sys/stat.h>

#include "base/text.h"
#include "staging/codes.h"
#include "staging/download.h"
#include "staging/names.h"
#include "staging/remote_tree.h"
#include "staging/sync.h"
#include "staging/upload.h"

// One file to one key, and back. No manifest is kept for these: the object is all there is.
namespace spillway::staging {
namespace {

Result<Entry> entry_of(const std::filesystem::path& path, const std::string& key) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0)
    return Error{Kind::not_found, kNoSource, fmt::format("there is no {}", path.string())};
  if (!S_ISREG(found.st_mode))
    return Error{Kind::invalid, kSpecialFile, fmt::format("{} is no file", path.string())};
  Entry entry;
  entry.key = key;
  entry.path = path.filename().string();
  entry.size = found.st_size;
  entry.mtime_ns = int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
  entry.inode = found.st_ino;
  entry.mode = found.st_mode & 0777;
  return entry;
}

Result<SyncReport> send_one(const SyncWish& wish, Means& means, SyncBook& book) {
  const std::string name = key_of_name(wish.source.local.filename().string());
  const bool into = wish.target.object.empty() || wish.target.object.ends_with('/');
  const std::string key = into ? wish.target.prefix + name : wish.target.object;
  TRY(check_length(key));
  const Entry entry = TRY(entry_of(wish.source.local, key));
  if (!book.step("upload", entry)) return book.finish();
  const Fd folder{open(wish.source.local.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  ++means.progress.files_planned;
  means.progress.bytes_planned += entry.size;
  means.progress.planned_all = true;
  Uploader uploader(means, folder.get(), "");
  book.copied(TRY(uploader.send(entry)));
  return book.finish();
}

Result<SyncReport> fetch_one(const SyncWish& wish, Means& means, SyncBook& book) {
  std::error_code failed;
  const auto facts = TRY(means.objects.head(wish.source.object, request_patience()));
  const bool into =
      std::filesystem::is_directory(wish.target.local, failed) || wish.target.text.ends_with('/');
  const std::string name = wish.source.object.substr(wish.source.object.rfind('/') + 1);
  const std::filesystem::path path = into ? wish.target.local / name : wish.target.local;
  TRY(check_key(path.filename().string()));
  Entry entry;
  entry.key = wish.source.object;
  entry.path = path.filename().string();
  entry.size = facts.size;
  entry.etag = facts.etag;
  entry.mtime_ns = facts.modified_ns;
  if (!book.step("download", entry)) return book.finish();
  const auto landing =
      TRY(Landing::open(path.parent_path(),
                        std::string(kTemporary) + transfer_id(wish.source, wish.target) + "-", wish.durable));
  if (landing->room() < entry.size)
    return Error{Kind::io, kDiskFull, fmt::format("{} bytes do not fit", entry.size)};
  ++means.progress.files_planned;
  means.progress.bytes_planned += entry.size;
  means.progress.planned_all = true;
  Result<void> outcome;
  Downloader(means, *landing, "").fetch(entry, [&](Result<void> done) { outcome = std::move(done); });
  TRY(landing->flush());
  TRY(outcome);
  book.copied(entry);
  return book.finish();
}

}  // namespace

Result<SyncReport> copy_one(const SyncWish& wish, Means& means) {
  const Tell nobody;
  SyncBook book(wish, means, nobody);
  return wish.target.remote ? send_one(wish, means, book) : fetch_one(wish, means, book);
}

}  // namespace spillway::staging
