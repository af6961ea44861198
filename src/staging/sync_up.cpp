#include <fcntl.h>

#include "base/crypto.h"
#include "base/text.h"
#include "staging/codes.h"
#include "staging/ledger.h"
#include "staging/names.h"
#include "staging/remote_tree.h"
#include "staging/sync.h"
#include "staging/upload.h"

// A directory to a prefix: both trees in the order of keys, side by side, one pass. Objects first, then the
// manifest that tells of them, then deletions: killed anywhere, the next run goes on.
namespace spillway::staging {
namespace {

constexpr size_t kLargeAtOnce = 2, kDeletionsAtOnce = 1000;

bool same_outside(const Entry& a, const Entry& b) {
  return a.type == b.type && a.mode == b.mode && a.mtime_ns == b.mtime_ns && a.link == b.link &&
         a.xattrs == b.xattrs && a.path == b.path;
}

class Upload {
 public:
  Upload(const SyncWish& wish, Means& means, const Tell& tell, int root, ManifestWriter writer)
      : wish_(wish),
        means_(means),
        book_(wish, means, tell),
        uploader_(means, root, wish.target.prefix),
        ledger_(std::move(writer)),
        large_(kLargeAtOnce, true) {}

  SyncBook& book() { return book_; }
  Result<void> run(Tree& source, Tree& target);
  Result<SyncReport> finish(bool had_manifest);

 private:
  void place(Entry entry, std::optional<Entry> there);
  void place_file(Entry entry, std::optional<Entry> there);
  void place_extra(Entry there);
  void send(int64_t place, Entry entry, std::optional<Entry> there, bool compare);
  void do_send(int64_t place, const Entry& entry, const std::optional<Entry>& there, bool compare);
  void settle(int64_t place, std::optional<Entry> entry, bool changed) {
    if (changed) changed_ = true;
    ledger_.know(place, std::move(entry));
  }
  Result<void> send_manifest();
  Result<void> delete_all();

  const SyncWish& wish_;
  Means& means_;
  SyncBook book_;
  Uploader uploader_;
  Ledger ledger_;
  std::vector<std::string> deletions_;
  std::atomic<bool> changed_ = false;
  std::string last_key_;
  Crew large_;  // last: its threads use the rest
};

/// In a thread of a crew. `compare`: the object may have the content already.
void Upload::do_send(int64_t place, const Entry& entry, const std::optional<Entry>& there, bool compare) {
  const auto old = [&] { return there && there->known && !there->missing ? there : std::nullopt; };
  if (means_.stopped) return settle(place, old(), false);
  if (compare && there->known) {
    auto mine = uploader_.hashed(entry);
    if (mine && mine->sha256 == there->sha256) {
      mine->etag = there->etag;
      book_.same();
      return settle(place, *mine, !same_outside(*mine, *there));
    }
  } else if (compare) {
    auto mine = uploader_.adopt(entry, *there);
    if (mine && *mine) {
      book_.same();
      return settle(place, std::move(*mine), true);
    }
  }
  auto sent = uploader_.send(entry);
  if (!sent) {
    if (!means_.stopped) book_.fail(entry.key, std::move(sent).error());
    return settle(place, old(), false);
  }
  book_.copied(*sent);
  settle(place, *std::move(sent), true);
}

void Upload::send(int64_t place, Entry entry, std::optional<Entry> there, bool compare) {
  ++means_.progress.files_planned;
  means_.progress.bytes_planned += entry.size;
  Crew& crew = uploader_.is_large(entry) ? large_ : means_.crew;
  crew.submit([this, place, entry = std::move(entry), there = std::move(there), compare] {
    do_send(place, entry, there, compare);
  });
}

void Upload::place_file(Entry entry, std::optional<Entry> there) {
  const bool file = there && there->type == EntryType::file && !there->missing;
  const bool told = file && there->known;
  if (told && !wish_.checksum && entry.size == there->size && entry.mtime_ns == there->mtime_ns) {
    book_.same();
    const bool changed = !same_outside(entry, *there);
    if (changed && !book_.step("describe", entry)) return ledger_.know(ledger_.place(), std::nullopt);
    if (changed) book_.changed_only();
    entry.sha256 = there->sha256;
    entry.crc64 = there->crc64;
    entry.etag = there->etag;
    entry.sparse = there->sparse;
    return settle(ledger_.place(), std::move(entry), changed);
  }
  if (auto fits = check_length(wish_.target.prefix + entry.key); !fits)
    return book_.fail(entry.key, std::move(fits).error());
  // Content is compared where times cannot tell: on request, and where no manifest tells of the object.
  const bool compare = file && entry.size == there->size && (wish_.checksum || !told);
  if (!book_.step(compare ? "compare" : "upload", entry)) {
    book_.copied(entry);
    return ledger_.know(ledger_.place(), std::nullopt);
  }
  const int64_t at = ledger_.place();
  send(at, std::move(entry), std::move(there), compare);
}

void Upload::place(Entry entry, std::optional<Entry> there) {
  ++means_.progress.looked_at;
  if (entry.type == EntryType::file) return place_file(std::move(entry), std::move(there));
  const bool same = there && there->known && same_outside(entry, *there);
  // An object in the place of a link would be taken for the file that it was.
  if (there && there->type == EntryType::file && !there->missing) deletions_.push_back(there->key);
  if (!same && !book_.step("describe", entry)) return;
  if (!same) book_.changed_only();
  settle(ledger_.place(), std::move(entry), !same);
}

/// What only the prefix has.
void Upload::place_extra(Entry there) {
  if (wish_.remove && wish_.filter.takes(there.key)) {
    if (!book_.step("delete", there)) return;
    if (there.type == EntryType::file && !there.missing) deletions_.push_back(there.key);
    if (there.type == EntryType::directory && !there.known) deletions_.push_back(there.key);
    return settle(ledger_.place(), std::nullopt, true);
  }
  if (there.known && !there.missing) settle(ledger_.place(), std::move(there), false);
}

Result<void> Upload::run(Tree& source, Tree& target) {
  auto mine = TRY(source.next()), there = TRY(target.next());
  while ((mine || there) && !means_.stopped) {
    if (mine && !wish_.filter.takes(mine->key)) {
      mine = TRY(source.next());
      continue;
    }
    if (mine && mine->key <= last_key_) {
      book_.fail(mine->key, Error{Kind::conflict, kBadName,
                                  fmt::format("two names make the key {}", in_quotes(mine->key))});
      mine = TRY(source.next());
      continue;
    }
    if (!there || (mine && mine->key < there->key)) {
      last_key_ = mine->key;
      place(*std::move(mine), std::nullopt);
      mine = TRY(source.next());
    } else if (!mine || there->key < mine->key) {
      place_extra(*std::move(there));
      there = TRY(target.next());
    } else {
      last_key_ = mine->key;
      place(*std::move(mine), std::move(there));
      mine = TRY(source.next());
      there = TRY(target.next());
    }
  }
  means_.progress.planned_all = true;
  return {};
}

Result<void> Upload::send_manifest() {
  const Fd file = TRY(ledger_.finish());
  Entry entry;
  entry.key = kManifestKey;
  const FileId id = file_id(file.get());
  entry.size = id.size;
  entry.mtime_ns = id.mtime_ns;
  entry.inode = id.inode;
  TRY(uploader_.send_open(file.get(), wish_.target.prefix + entry.key, entry, false));
  return {};
}

Result<void> Upload::delete_all() {
  for (size_t at = 0; at < deletions_.size(); at += kDeletionsAtOnce) {
    std::vector<std::string> keys;
    for (size_t i = at; i < std::min(at + kDeletionsAtOnce, deletions_.size()); ++i)
      keys.push_back(wish_.target.prefix + deletions_[i]);
    TRY(means_.objects.remove(keys, request_patience()));
    book_.removed(static_cast<int64_t>(keys.size()));
  }
  return {};
}

Result<SyncReport> Upload::finish(bool had_manifest) {
  large_.drain();
  means_.crew.drain();
  if (const auto reason = means_.stopped_by()) return *reason;
  if (wish_.dry_run) return book_.finish();
  if (changed_ || !had_manifest) {
    auto sent = send_manifest();
    if (!sent) return std::move(sent).error().during("the manifest");
  }
  // A source that could not be read whole says nothing of what may go.
  if (book_.clean())
    if (auto removed = delete_all(); !removed) book_.fail("", std::move(removed).error());
  return book_.finish();
}

}  // namespace

Result<SyncReport> upload_tree(const SyncWish& wish, Means& means, const Tell& tell) {
  const Fd root{open(wish.source.local.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!root.valid() && errno == ENOENT)
    return Error{Kind::not_found, kNoSource, fmt::format("there is no {}", wish.source.local.string())};
  if (!root.valid()) return system_error("open", wish.source.local, errno);
  Upload upload(wish, means, tell, root.get(), TRY(ManifestWriter::make()));
  const Complain of_source = [&](const std::string& key, Error error) {
    if (wish.filter.takes(key)) upload.book().fail(key, std::move(error));
  };
  const Complain of_target = [](const std::string&, const Error&) {};  // what nobody asked for stays there
  const auto target = TRY(RemoteTree::open(means.objects, wish.target.prefix, of_target));
  const auto source = TRY(LocalTree::open(wish.source.local, {.xattrs = wish.xattrs}, of_source));
  if (auto planned = upload.run(*source, *target); !planned) means.stop(std::move(planned).error());
  return upload.finish(target->has_manifest());
}

}  // namespace spillway::staging
