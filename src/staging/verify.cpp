#include "staging/verify.h"

#include <fcntl.h>

#include "base/crc64.h"
#include "base/text.h"
#include "staging/codes.h"
#include "staging/upload.h"

namespace spillway::staging {
namespace {

constexpr size_t kFailuresTold = 1000;
constexpr uint32_t kKeptModes = 0777;

class Verdicts {
 public:
  explicit Verdicts(const Tell& tell) : tell_(tell) {}
  void good(const Entry& entry) {
    const std::lock_guard lock(mutex_);
    ++report_.verified;
    report_.verified_bytes += entry.size;
  }
  void wrong(const std::string& key, std::string_view why) {
    fail(key, Error{Kind::internal, kDiffers, fmt::format("{}: {}", in_quotes(key), why)});
  }
  void fail(const std::string& key, Error error) {
    const Failure failure{key, std::move(error)};
    {
      const std::lock_guard lock(mutex_);
      ++report_.wrong;
      if (report_.failures.size() < kFailuresTold) report_.failures.push_back(failure);
    }
    if (tell_) tell_(failure);
  }
  VerifyReport report() {
    const std::lock_guard lock(mutex_);
    return report_;
  }

 private:
  const Tell& tell_;
  std::mutex mutex_;
  VerifyReport report_;
};

Result<std::unique_ptr<RemoteTree>> open_manifest(Means& means, const std::string& prefix,
                                                  Verdicts& verdicts) {
  auto tree = TRY(RemoteTree::open(means.objects, prefix, [&verdicts](const std::string& key, Error error) {
    verdicts.fail(key, std::move(error));
  }));
  if (!tree->has_manifest())
    return Error{
        Kind::not_found, kNoSource,
        fmt::format("there is no manifest under s3://{}/{}", means.objects.requests().bucket(), prefix)};
  return tree;
}

void verify_object(Means& means, const std::string& prefix, const Entry& entry, Verdicts& verdicts) {
  const auto facts = means.objects.head(prefix + entry.key, request_patience());
  if (!facts) return verdicts.fail(entry.key, facts.error());
  if (facts->size != entry.size) return verdicts.wrong(entry.key, "its size is another");
  if (!facts->crc64.empty() && entry.crc64 && facts->crc64 != crc64_text(*entry.crc64))
    return verdicts.wrong(entry.key, "its content is another");
  verdicts.good(entry);
}

std::string difference(const Entry& told, const Entry& here) {
  if (told.type != here.type) return "it is of another type";
  if (told.type == EntryType::symlink) return told.link == here.link ? "" : "it leads elsewhere";
  if (told.type == EntryType::file && told.size != here.size) return "its size is another";
  if (told.known && told.mode != 0 && (told.mode & kKeptModes) != (here.mode & kKeptModes))
    return "its mode is another";
  if (told.mtime_ns != here.mtime_ns) return "its time is another";
  return "";
}

void verify_file(Uploader& reader, const Entry& told, const Entry& here, Verdicts& verdicts) {
  const auto mine = reader.hashed(here);
  if (!mine) return verdicts.fail(told.key, mine.error());
  if (mine->sha256 != told.sha256) return verdicts.wrong(told.key, "its content is another");
  verdicts.good(told);
}

}  // namespace

Result<VerifyReport> verify_prefix(Means& means, const std::string& prefix, const Tell& tell) {
  Verdicts verdicts(tell);
  const auto tree = TRY(open_manifest(means, prefix, verdicts));
  while (auto entry = TRY(tree->next())) {
    if (means.stopped) break;
    if (entry->missing)
      verdicts.wrong(entry->key, "the object is not there");
    else if (!entry->known && entry->type == EntryType::file)
      verdicts.wrong(entry->key, "the manifest does not tell of this object");
    else if (entry->type != EntryType::file)
      verdicts.good(*entry);
    else
      means.crew.submit([&means, &prefix, &verdicts, one = *std::move(entry)] {
        verify_object(means, prefix, one, verdicts);
      });
  }
  means.crew.drain();
  if (const auto reason = means.stopped_by()) return *reason;
  return verdicts.report();
}

Result<VerifyReport> verify_tree(Means& means, const std::string& prefix, const std::filesystem::path& root,
                                 const Tell& tell) {
  Verdicts verdicts(tell);
  const auto told_tree = TRY(open_manifest(means, prefix, verdicts));
  const auto here_tree = TRY(LocalTree::open(
      root, {}, [&verdicts](const std::string& key, Error error) { verdicts.fail(key, std::move(error)); }));
  const Fd fd{open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  Uploader reader(means, fd.get(), "");
  auto told = TRY(told_tree->next()), here = TRY(here_tree->next());
  while ((told || here) && !means.stopped) {
    if (told && !told->known) {
      told = TRY(told_tree->next());  // verify of the prefix is about those
    } else if (!told || (here && here->key < told->key)) {
      verdicts.wrong(here->key, "the manifest does not tell of it");
      here = TRY(here_tree->next());
    } else if (!here || told->key < here->key) {
      verdicts.wrong(told->key, "it is not there");
      told = TRY(told_tree->next());
    } else {
      if (const std::string why = difference(*told, *here); !why.empty())
        verdicts.wrong(told->key, why);
      else if (told->type == EntryType::file)
        means.crew.submit(
            [&reader, &verdicts, a = *told, b = *here] { verify_file(reader, a, b, verdicts); });
      else
        verdicts.good(*told);
      told = TRY(told_tree->next());
      here = TRY(here_tree->next());
    }
  }
  means.crew.drain();
  if (const auto reason = means.stopped_by()) return *reason;
  return verdicts.report();
}

}  // namespace spillway::staging
