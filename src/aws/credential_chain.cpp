#include "aws/credential_chain.h"

#include "aws/errors.h"
#include "base/log.h"

namespace spillway::aws {
namespace {

constexpr std::chrono::minutes kAdvisory{15}, kMandatory{10};
// Between attempts to renew while the old ones are still good: asking a dead metadata service takes seconds,
// and each request of many sent at once asks for credentials. Those that never live longer than a quarter of
// an hour (a role's shortest session) would otherwise be asked for with every request.
constexpr std::chrono::minutes kBetweenRenewals{1};

}  // namespace

Result<Credentials> CredentialChain::get(Deadline deadline) {
  const std::lock_guard lock(mutex_);
  const Time now = clock_.now();
  if (known_ && (!known_->expires || *known_->expires - now > kAdvisory)) return *known_;
  if (known_ && *known_->expires > now && now < renew_after_) return *known_;
  auto fresh = ask(deadline);
  renew_after_ = now + kBetweenRenewals;
  if (fresh) {
    known_ = *fresh;
    return fresh;
  }
  if (!known_ || *known_->expires <= now) return fresh;
  if (*known_->expires - now <= kMandatory)
    log::warning("aws", "credentials from {} end soon and cannot be renewed: {}", known_->source,
                 fresh.error().what);
  return *known_;
}

Result<Credentials> CredentialChain::ask(Deadline deadline) {
  for (const CredentialSource& source : sources_)
    if (auto found = TRY(source(deadline))) return *std::move(found);
  return Error{Kind::credentials, kNoCredentials, "no AWS credentials found"};
}

void CredentialChain::invalidate() {
  const std::lock_guard lock(mutex_);
  known_.reset();
}

}  // namespace spillway::aws
