#include "staging/download.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/crc64.h"
#include "base/digest.h"
#include "base/text.h"
#include "staging/codes.h"
#include "staging/remote_tree.h"

namespace spillway::staging {
namespace {

constexpr int kAttempts = 3;  // at content that does not fit

std::string_view text_of(std::span<char> bytes) {
  return {bytes.data(), bytes.size()};
}

}  // namespace

Result<void> check_content(const Entry& entry, uint64_t crc, const std::string& sha256,
                           const std::string& told_crc) {
  const auto wrong = [&](std::string_view what) {
    return Error{Kind::internal, kWrongContent,
                 fmt::format("{}: its {} does not fit", in_quotes(entry.key), what)};
  };
  if (!told_crc.empty() && told_crc != crc64_text(crc)) return wrong("CRC64NVME, as S3 keeps it,");
  if (entry.crc64 && *entry.crc64 != crc) return wrong("CRC64NVME, as the manifest has it,");
  if (!entry.sha256.empty() && !sha256.empty() && entry.sha256 != sha256)
    return wrong("SHA-256, as the manifest has it,");
  return {};
}

Result<Landing::File> Downloader::fetch_whole(const Entry& entry) {
  const Buffers::Held buffer = means_.memory.whole.take(static_cast<size_t>(entry.size));
  means_.pace(buffer->size());
  std::string_view content;
  for (int attempt = 1;; ++attempt) {
    const auto facts = TRY(means_.objects.get(prefix_ + entry.key, std::nullopt, entry.etag, buffer->span(),
                                              request_patience()));
    if (facts.size != entry.size)
      return Error{Kind::conflict, kChanged, fmt::format("{} was replaced meanwhile", in_quotes(entry.key))};
    content = text_of(buffer->span());
    const std::string sha256 = entry.sha256.empty() ? "" : Sha256().update(content).finish();
    auto fits = check_content(entry, crc64nvme(content), sha256, facts.crc64);
    if (fits) break;
    if (attempt == kAttempts) return std::move(fits).error();
  }
  Landing::File file = TRY(landing_.create(entry));
  TRY(write_exactly(file.fd(), content, 0, entry.sparse, entry.key));
  if (entry.sparse && ftruncate(file.fd(), entry.size) != 0) return landing_error("write", entry.key, errno);
  means_.progress.bytes_done += entry.size;
  means_.crew.moved(content.size());
  return file;
}

void Downloader::fetch(const Entry& entry, const Landing::Done& done) {
  auto file = is_large(entry) ? fetch_parts(entry) : fetch_whole(entry);
  if (!file) {
    if (file.error().code == kDiskFull.id) means_.stop(file.error());
    return done(std::move(file).error());
  }
  landing_.settle(*std::move(file), entry, done);
}

}  // namespace spillway::staging
