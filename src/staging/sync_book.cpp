#include <fmt/format.h>

#include "base/crypto.h"
#include "staging/sync.h"

namespace spillway::staging {
namespace {

constexpr size_t kFailuresTold = 1000;

}  // namespace

void SyncBook::fail(const std::string& key, Error error) {
  Failure failure{key, std::move(error)};
  ++means_.progress.failed;
  {
    const std::lock_guard lock(mutex_);
    ++report_.failed;
    if (report_.failures.size() < kFailuresTold) report_.failures.push_back(failure);
  }
  if (tell_) tell_(failure);
}

bool SyncBook::step(std::string_view what, const Entry& entry) {
  if (!wish_.dry_run) return true;
  const std::lock_guard lock(mutex_);
  report_.plan.push_back(fmt::format("{} {}", what, entry.key));
  return false;
}

void SyncBook::copied(const Entry& entry) {
  ++means_.progress.files_done;
  const std::lock_guard lock(mutex_);
  ++report_.copied;
  report_.copied_bytes += entry.size;
}

SyncReport SyncBook::finish() {
  const std::lock_guard lock(mutex_);
  report_.same = means_.progress.same;
  report_.parts_kept = means_.progress.parts_kept;
  return report_;
}

std::string transfer_id(const Location& source, const Location& target) {
  const auto name = [](const Location& one) {
    return one.remote ? "s3://" + one.bucket + "/" + one.prefix : one.local.string();
  };
  return to_hex(sha256(name(source) + '\0' + name(target))).substr(0, 12);
}

}  // namespace spillway::staging
