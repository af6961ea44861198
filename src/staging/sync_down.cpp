#include <fcntl.h>

#include <algorithm>

#include "base/text.h"
#include "staging/codes.h"
#include "staging/download.h"
#include "staging/names.h"
#include "staging/remote_tree.h"
#include "staging/sync.h"
#include "staging/upload.h"

// A prefix to a directory: both trees in the order of keys, side by side, one pass. Directories get their
// times last, for what is written into them moves these; deletions come when all else went well.
namespace spillway::staging {
namespace {

constexpr size_t kLargeAtOnce = 2;
constexpr uint32_t kKeptModes = 0777;

/// Files of the keys before this one, as far as one of those that come may lie beneath them (row 74).
class OpenNames {
 public:
  /// The file that would have to be a directory for this key; empty: none.
  std::string file_above(const std::string& key) {
    while (!files_.empty() && !key.starts_with(files_.back())) files_.pop_back();
    for (const std::string& file : files_)
      if (key.size() > file.size() && key[file.size()] == '/') return file;
    return "";
  }
  void add(const std::string& key) { files_.push_back(key); }

 private:
  std::vector<std::string> files_;  // each begins with the one before
};

class Download {
 public:
  Download(const SyncWish& wish, Means& means, const Tell& tell, Landing* landing, int root)
      : wish_(wish),
        means_(means),
        book_(wish, means, tell),
        landing_(landing),
        room_(landing ? landing->room() : INT64_MAX),
        reader_(means, root, ""),
        large_(kLargeAtOnce, true) {
    if (landing) downloader_.emplace(means, *landing, wish.source.prefix);
  }

  SyncBook& book() { return book_; }
  Result<void> run(Tree& source, Tree& target);
  Result<SyncReport> finish();

 private:
  void place(Entry entry, const std::optional<Entry>& here);
  void place_file(Entry entry, const std::optional<Entry>& here);
  void place_other(Entry entry, const std::optional<Entry>& here);
  void fetch(Entry entry, std::optional<Entry> here, bool compare);
  void do_fetch(const Entry& entry, const std::optional<Entry>& here, bool compare);
  bool is_same(const Entry& entry, const Entry& here);
  void adjust(const Entry& entry, const Entry& here);

  const SyncWish& wish_;
  Means& means_;
  SyncBook book_;
  Landing* landing_;  // null in a dry run
  int64_t room_;
  std::optional<Downloader> downloader_;
  Uploader reader_;  // reads what is here, to compare
  OpenNames names_;
  std::vector<Entry> folders_, deletions_;
  Crew large_;  // last: its threads use the rest
};

/// Mode and attributes of a file whose content is right.
void Download::adjust(const Entry& entry, const Entry& here) {
  const bool differs = entry.known && ((entry.mode & kKeptModes) != (here.mode & kKeptModes) ||
                                       (wish_.xattrs && entry.xattrs != here.xattrs));
  book_.same();
  if (!differs || !book_.step("describe", entry)) return;
  if (auto done = landing_->adjust(entry); !done)
    book_.fail(entry.key, std::move(done).error());
  else
    book_.changed_only();
}

/// Whether the content that is here is the one that is there, by reading it.
bool Download::is_same(const Entry& entry, const Entry& here) {
  const auto mine = reader_.hashed(here);
  if (!mine) return false;
  if (!entry.sha256.empty()) return mine->sha256 == entry.sha256;
  const auto facts = means_.objects.head(wish_.source.prefix + entry.key, request_patience());
  Entry object = entry;
  return facts && !facts->crc64.empty() && check_content(object, *mine->crc64, "", facts->crc64).has_value();
}

void Download::do_fetch(const Entry& entry, const std::optional<Entry>& here, bool compare) {
  if (means_.stopped) return;
  if (compare && is_same(entry, *here)) return adjust(entry, *here);
  downloader_->fetch(entry, [this, entry](Result<void> done) {
    if (!done && !means_.stopped) book_.fail(entry.key, std::move(done).error());
    if (done) book_.copied(entry);
  });
}

void Download::fetch(Entry entry, std::optional<Entry> here, bool compare) {
  ++means_.progress.files_planned;
  means_.progress.bytes_planned += entry.size;
  // What would not fit is not begun: the disk is not filled to its brim to find out.
  room_ -= entry.size;
  if (room_ < 0)
    return means_.stop(
        Error{Kind::io, kDiskFull,
              fmt::format("{} needs {} bytes more than are free", in_quotes(entry.key), -room_)});
  Crew& crew = downloader_->is_large(entry) ? large_ : means_.crew;
  crew.submit(
      [this, entry = std::move(entry), here = std::move(here), compare] { do_fetch(entry, here, compare); });
}

void Download::place_file(Entry entry, const std::optional<Entry>& here) {
  if (entry.missing)
    return book_.fail(entry.key, Error{Kind::not_found, kVanished,
                                       fmt::format("the manifest tells of {}, and there is no such object",
                                                   in_quotes(entry.key))});
  names_.add(entry.key);
  const bool file = here && here->type == EntryType::file && here->size == entry.size;
  if (file && !wish_.checksum && here->mtime_ns == entry.mtime_ns) return adjust(entry, *here);
  const bool compare = file && wish_.checksum;
  if (!book_.step(compare ? "compare" : "download", entry)) return book_.copied(entry);
  fetch(std::move(entry), here, compare);
}

void Download::place_other(Entry entry, const std::optional<Entry>& here) {
  const bool folder = entry.type == EntryType::directory;
  if (!folder) names_.add(entry.key);
  const bool there = here && here->type == entry.type && here->link == entry.link;
  if (there && (!folder || !entry.known)) return;
  if (!there && !book_.step(folder ? "make directory" : "make link", entry)) return;
  if (!there) {
    auto made = folder ? landing_->make_folder(entry) : landing_->make_link(entry);
    if (!made) return book_.fail(entry.key, std::move(made).error());
    book_.changed_only();
  }
  if (folder && landing_) folders_.push_back(std::move(entry));
}

void Download::place(Entry entry, const std::optional<Entry>& here) {
  ++means_.progress.looked_at;
  if (const std::string file = names_.file_above(entry.key); !file.empty())
    return book_.fail(entry.key, Error{Kind::conflict, kFileAndFolder,
                                       fmt::format("{} cannot lie in {}, which is a file",
                                                   in_quotes(entry.key), in_quotes(file))});
  if (entry.type == EntryType::file) return place_file(std::move(entry), here);
  place_other(std::move(entry), here);
}

Result<void> Download::run(Tree& source, Tree& target) {
  auto there = TRY(source.next()), here = TRY(target.next());
  while ((there || here) && !means_.stopped) {
    if (there && !wish_.filter.takes(there->key)) {
      if (here && here->key == there->key) here = TRY(target.next());
      there = TRY(source.next());
    } else if (!here || (there && there->key < here->key)) {
      place(*std::move(there), std::nullopt);
      there = TRY(source.next());
    } else if (!there || here->key < there->key) {
      if (wish_.remove && wish_.filter.takes(here->key) && book_.step("delete", *here))
        deletions_.push_back(*std::move(here));
      here = TRY(target.next());
    } else {
      place(*std::move(there), here);
      there = TRY(source.next());
      here = TRY(target.next());
    }
  }
  means_.progress.planned_all = true;
  return {};
}

Result<SyncReport> Download::finish() {
  large_.drain();
  means_.crew.drain();
  if (landing_)
    if (auto named = landing_->flush(); !named) means_.stop(std::move(named).error());
  if (const auto reason = means_.stopped_by()) return *reason;
  if (!landing_) return book_.finish();
  // A directory of objects is only seen by what is in it: deeper ones come first, backwards.
  if (book_.clean())
    for (auto one = deletions_.rbegin(); one != deletions_.rend(); ++one) {
      if (auto gone = landing_->remove(*one); !gone)
        book_.fail(one->key, std::move(gone).error());
      else
        book_.removed(1);
    }
  for (auto one = folders_.rbegin(); one != folders_.rend(); ++one)
    if (auto done = landing_->finish_folder(*one); !done) book_.fail(one->key, std::move(done).error());
  return book_.finish();
}

}  // namespace

Result<SyncReport> download_tree(const SyncWish& wish, Means& means, const Tell& tell) {
  std::unique_ptr<Landing> landing;
  const std::string temporary = std::string(kTemporary) + transfer_id(wish.source, wish.target) + "-";
  Download* download = nullptr;
  const Complain of_source = [&](const std::string& key, Error error) {
    if (wish.filter.takes(key)) download->book().fail(key, std::move(error));
  };
  // What is wrong here is met when it is written to.
  const Complain of_target = [](const std::string&, const Error&) {};
  const auto source = TRY(RemoteTree::open(means.objects, wish.source.prefix, of_source));
  if (source->empty())
    return Error{Kind::not_found, kNoSource, fmt::format("there is nothing under {}", wish.source.text)};
  const WalkOptions how{.xattrs = wish.xattrs, .clean_up = wish.dry_run ? "" : temporary};
  auto target = LocalTree::open(wish.target.local, how, of_target);
  if (!target && target.error().kind != Kind::not_found) return std::move(target).error();
  if (!wish.dry_run) landing = TRY(Landing::open(wish.target.local, temporary, wish.durable));
  const Fd root{open(wish.target.local.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  Download work(wish, means, tell, landing.get(), root.get());
  download = &work;
  const auto absent = LocalTree::absent();
  if (auto planned = work.run(*source, target ? **target : static_cast<Tree&>(*absent)); !planned)
    means.stop(std::move(planned).error());
  return work.finish();
}

}  // namespace spillway::staging
