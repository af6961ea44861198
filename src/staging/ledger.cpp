#include "staging/ledger.h"

namespace spillway::staging {
namespace {

constexpr size_t kMostOpen = 50'000;

}  // namespace

int64_t Ledger::place() {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return slots_.size() < kMostOpen; });
  slots_.emplace_back();
  return first_ + static_cast<int64_t>(slots_.size()) - 1;
}

void Ledger::know(int64_t place, std::optional<Entry> entry) {
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[static_cast<size_t>(place - first_)];
  slot.known = true;
  slot.entry = std::move(entry);
  for (; !slots_.empty() && slots_.front().known; slots_.pop_front(), ++first_) {
    if (!slots_.front().entry || failed_) continue;
    if (auto added = writer_.add(*slots_.front().entry); !added) failed_ = std::move(added).error();
  }
  room_.notify_one();
}

Result<Fd> Ledger::finish() {
  const std::lock_guard lock(mutex_);
  if (failed_) return *failed_;
  if (!slots_.empty()) return Error{Kind::internal, "an entry of the manifest was never settled"};
  return writer_.finish();
}

}  // namespace spillway::staging
