#pragma once
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "aws/credentials.h"
#include "base/time.h"

namespace spillway::aws {

/// Asks one place for credentials. Nothing: this place is not set up, ask the next.
/// Errors: credentials (it is set up, wrongly), unavailable, timeout.
using CredentialSource = std::function<Result<std::optional<Credentials>>(Deadline)>;

/// The first of several places that has credentials, remembered until they come close to their end: from 15
/// minutes before it, a get() tries to renew them, at most once a minute, and lives with a failure; from 10
/// minutes before, it says so in the log; after it, failing to renew is the error. Safe to use from several
/// threads.
class CredentialChain final : public CredentialsProvider {
 public:
  CredentialChain(std::vector<CredentialSource> sources, const Clock& clock)
      : sources_(std::move(sources)), clock_(clock) {}

  /// Errors: credentials (SPW-AWS-007 when no place has any), unavailable, timeout.
  Result<Credentials> get(Deadline deadline) override;
  void invalidate() override;

 private:
  Result<Credentials> ask(Deadline deadline);

  const std::vector<CredentialSource> sources_;
  const Clock& clock_;
  std::mutex mutex_;
  std::optional<Credentials> known_;
  Time renew_after_;  // while they are good, the sources are not asked before
};

}  // namespace spillway::aws
