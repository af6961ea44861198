#pragma once
#include "base/command.h"
#include "staging/run_sync.h"

namespace spillway::staging {

/// `data sync SRC DST`.
Command sync_command();

/// Runs a copy, prints what came of it, and gives the exit code.
Result<int> finish_sync(const SyncOrder& order);
/// Bytes a second from "500K", "20M", "1G". Errors: invalid (SPW-STAGE-014).
Result<int64_t> parse_rate(const std::string& text);

}  // namespace spillway::staging
