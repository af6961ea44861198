#include "staging/remote_tree.h"

#include <unistd.h>

#include "base/text.h"
#include "staging/codes.h"
#include "staging/names.h"

namespace spillway::staging {
namespace {

constexpr int64_t kPiece = 4 << 20;

}  // namespace

Deadline request_patience() {
  return Deadline::after(std::chrono::minutes{10});
}

Result<void> RemoteTree::fetch_manifest() {
  const std::string key = prefix_ + std::string(kManifestKey);
  std::string room(kPiece, '\0'), etag;
  Fd file;
  int64_t size = 1;
  for (int64_t at = 0; at < size; at += kPiece) {
    auto got = objects_.get(key, aws::S3Objects::Range{at, kPiece}, etag, room, request_patience());
    if (!got && at == 0 && got.error().kind == Kind::not_found) return {};
    if (!got) return std::move(got).error().during("the manifest");
    if (at == 0) file = TRY(unnamed_file());
    etag = got->etag;
    size = got->size;
    const auto count = static_cast<size_t>(std::min(kPiece, size - at));
    if (pwrite(file.get(), room.data(), count, at) != static_cast<ssize_t>(count))
      return system_error("write", "a temporary file", errno);
  }
  manifest_ = TRY(ManifestTree::open(std::move(file)));
  return {};
}

Result<std::unique_ptr<RemoteTree>> RemoteTree::open(aws::S3Objects& objects, std::string prefix,
                                                     Complain complain) {
  std::unique_ptr<RemoteTree> tree(new RemoteTree(objects, std::move(prefix), std::move(complain)));
  tree->page_ = TRY(objects.list(tree->prefix_, "", request_patience()));
  if (!tree->page_.objects.empty()) TRY(tree->fetch_manifest());
  return tree;
}

/// The next object as an entry of its own.
Result<std::optional<Entry>> RemoteTree::next_object() {
  for (;;) {
    if (position_ == page_.objects.size()) {
      if (page_.next.empty()) return std::optional<Entry>();
      page_ = TRY(objects_.list(prefix_, page_.next, request_patience()));
      position_ = 0;
      continue;
    }
    aws::S3Listed& listed = page_.objects[position_++];
    Entry entry;
    entry.key = listed.key.substr(std::min(prefix_.size(), listed.key.size()));
    if (entry.key == kManifestKey || entry.key.empty()) continue;
    if (auto checked = check_key(entry.key); !checked) {
      complain_(entry.key, std::move(checked).error());
      continue;
    }
    entry.known = false;
    entry.size = listed.size;
    entry.etag = std::move(listed.etag);
    entry.mtime_ns = listed.modified_ns / 1'000'000'000 * 1'000'000'000;  // GET tells whole seconds
    if (entry.key.ends_with('/')) {
      // A console's "folder"; with content it would be a file whose name cannot be.
      if (entry.size > 0) {
        complain_(entry.key,
                  Error{Kind::invalid, kUnsafeKey,
                        fmt::format("{} has content, and ends with a slash", in_quotes(entry.key))});
        continue;
      }
      entry.type = EntryType::directory;
    }
    return std::optional<Entry>(std::move(entry));
  }
}

Result<std::optional<Entry>> RemoteTree::next() {
  if (!begun_) {
    begun_ = true;
    object_ = TRY(next_object());
    if (manifest_) told_ = TRY(manifest_->next());
  }
  const auto advance_object = [&]() -> Result<std::optional<Entry>> {
    auto found = std::move(object_);
    object_ = TRY(next_object());
    return found;
  };
  const auto advance_told = [&]() -> Result<std::optional<Entry>> {
    auto found = std::move(told_);
    told_ = TRY(manifest_->next());
    return found;
  };
  if (object_ && (!told_ || object_->key < told_->key)) return advance_object();
  if (!told_) return std::optional<Entry>();
  if (object_ && object_->key == told_->key) {
    auto listed = TRY(advance_object());
    auto told = TRY(advance_told());
    if (told->type == EntryType::directory) return told;
    const bool same = told->type == EntryType::file && told->size == listed->size &&
                      (told->etag.empty() || told->etag == listed->etag);
    return same ? told : listed;
  }
  auto told = TRY(advance_told());
  told->missing = told->type == EntryType::file;
  return told;
}

}  // namespace spillway::staging
