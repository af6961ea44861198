#pragma once
#include "staging/sync.h"

namespace spillway::staging {

/// A copy as it is asked for, with what it may use.
struct SyncOrder {
  SyncWish wish;
  std::string profile;
  size_t jobs = 0;                  // requests in flight; 0: as many as help
  int64_t max_rate = 0;             // bytes a second; 0: no bound
  std::filesystem::path state;      // where the journal is
  bool json = false, show = false;  // progress as JSON lines on stdout; as a bar on stderr
};

/// Wires a copy, locks it against a second one, journals it, shows how it goes, and does it. Ends early, as
/// interrupted, at SIGINT and SIGTERM. Errors: those of upload_tree and download_tree; conflict
/// (SPW-STAGE-012).
Result<SyncReport> run_sync(const SyncOrder& order);

/// The order's options as JSON, as the journal keeps them, and back.
std::string order_text(const SyncOrder& order);
Result<SyncOrder> order_from(const std::string& source, const std::string& target, const std::string& text);

}  // namespace spillway::staging
