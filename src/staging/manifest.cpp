#include "staging/manifest.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/crypto.h"
#include "base/json.h"
#include "staging/codes.h"

namespace spillway::staging {
namespace {

constexpr std::string_view kFirst = "{\"schema\":\"spillway.manifest/v1\"}";
constexpr std::string_view kLastBegins = "{\"end\":true,";
constexpr size_t kPiece = 256 << 10, kLongestLine = 4 << 20;

Error refused(std::string_view why) {
  return Error{Kind::invalid, kBadManifest, fmt::format("the manifest cannot be used: {}", why)};
}

}  // namespace

Result<Fd> unnamed_file() {
  const char* folder = std::getenv("TMPDIR");
  if (!folder || !*folder) folder = "/tmp";
  Fd file{open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (file.valid()) return file;
  std::string name = std::string(folder) + "/spillway-XXXXXX";
  file = Fd{mkostemp(name.data(), O_CLOEXEC)};
  if (!file.valid()) return system_error("make a temporary file in", folder, errno);
  unlink(name.c_str());
  return file;
}

Result<ManifestWriter> ManifestWriter::make() {
  ManifestWriter writer(TRY(unnamed_file()));
  TRY(writer.put(std::string(kFirst) + "\n"));
  return writer;
}

Result<void> ManifestWriter::flush() {
  digest_.update(pending_);
  for (std::string_view rest = pending_; !rest.empty();) {
    const ssize_t written = write(file_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write", "the manifest", errno);
    rest.remove_prefix(static_cast<size_t>(written));
  }
  pending_.clear();
  return {};
}

Result<void> ManifestWriter::put(std::string_view text) {
  pending_.append(text);
  return pending_.size() < kPiece ? Result<void>{} : flush();
}

Result<void> ManifestWriter::add(const Entry& entry) {
  if (!last_key_.empty() && entry.key <= last_key_)
    return Error{Kind::internal, "a manifest's entries are out of order: " + last_key_ + ", " + entry.key};
  last_key_ = entry.key;
  ++entries_;
  return put(manifest_line(entry));
}

Result<Fd> ManifestWriter::finish() {
  TRY(flush());
  TRY(put(fmt::format("{}\"entries\":{},\"sha256\":\"{}\"}}\n", kLastBegins, entries_,
                      to_hex(digest_.finish()))));
  TRY(flush());
  return std::move(file_);
}

Result<std::optional<std::string_view>> ManifestTree::line() {
  for (;;) {
    const size_t end = buffer_.find('\n', position_);
    if (end != std::string::npos) {
      const std::string_view found = std::string_view(buffer_).substr(position_, end - position_);
      position_ = end + 1;
      return std::optional<std::string_view>(found);
    }
    if (buffer_.size() - position_ > kLongestLine) return refused("a line is endless");
    buffer_.erase(0, position_);
    position_ = 0;
    const size_t before = buffer_.size();
    buffer_.resize(before + kPiece);
    const ssize_t got = pread(file_.get(), buffer_.data() + before, kPiece, offset_);
    buffer_.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0) return system_error("read", "the manifest", errno);
    if (got == 0 && !buffer_.empty()) return refused("it ends within a line");
    if (got == 0) return std::optional<std::string_view>();
    offset_ += got;
  }
}

Result<void> ManifestTree::check() {
  Sha256 digest;
  std::string last_key;
  auto text = TRY(line());
  if (!text || *text != kFirst) return refused("it is of another kind or version");
  digest.update(*text).update("\n");
  while ((text = TRY(line()))) {
    if (text->starts_with(kLastBegins)) {
      const auto end = Json::parse(*text);
      if (!end || (*end)["entries"].as_int() != entries_) return refused("it has lost lines");
      if ((*end)["sha256"].as_string() != to_hex(digest.finish())) return refused("its SHA-256 does not fit");
      if (TRY(line())) return refused("something follows its end");
      return {};
    }
    digest.update(*text).update("\n");
    const Entry entry = TRY(read_manifest_line(*text));
    if (entry.key <= last_key) return refused(fmt::format("\"{}\" is out of order", entry.key));
    last_key = entry.key;
    ++entries_;
    bytes_ += entry.size;
  }
  return refused("its end is missing");
}

Result<std::unique_ptr<ManifestTree>> ManifestTree::open(Fd file) {
  std::unique_ptr<ManifestTree> tree(new ManifestTree(std::move(file)));
  TRY(tree->check());
  tree->buffer_.clear();
  tree->position_ = 0;
  tree->offset_ = 0;
  TRY(tree->line());  // the schema
  return tree;
}

Result<std::optional<Entry>> ManifestTree::next() {
  const auto text = TRY(line());
  if (!text || text->starts_with(kLastBegins)) return std::optional<Entry>();
  return std::optional<Entry>(TRY(read_manifest_line(*text)));
}

}  // namespace spillway::staging
