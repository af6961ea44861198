#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "staging/manifest.h"

namespace spillway::staging {

/// The new manifest while its entries become known in any order: each has a place from the moment when it was
/// planned, and is written when all before it are known. Safe to use from several threads.
class Ledger {
 public:
  explicit Ledger(ManifestWriter writer) : writer_(std::move(writer)) {}

  /// The next place, in the order of keys. Waits while too many before it are not known.
  int64_t place();
  /// What stands there; nothing when it does not belong into the manifest.
  void know(int64_t place, std::optional<Entry> entry);
  /// All known: the whole manifest as a file. Errors: io.
  Result<Fd> finish();
  int64_t entries() const { return writer_.entries(); }

 private:
  struct Slot {
    bool known = false;
    std::optional<Entry> entry;
  };
  ManifestWriter writer_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<Slot> slots_;
  int64_t first_ = 0;  // the place of slots_.front()
  std::optional<Error> failed_;
};

}  // namespace spillway::staging
