#pragma once
#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "base/time.h"

namespace spillway::aws {

struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;         // empty for long-term keys
  std::optional<Time> expires;  // nothing for long-term keys
  std::string source;  // where they came from, for people: "environment", "profile hpc", "IMDS role x"
};

/// Where credentials come from. Implementations are safe to use from several threads.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  /// Credentials good for use now. Errors: credentials (none to be had), unavailable, timeout.
  virtual Result<Credentials> get(Deadline deadline) = 0;
  /// Forgets what is cached, after AWS has refused it as expired; the next get() asks the source again.
  virtual void invalidate() {}
};

class StaticCredentials final : public CredentialsProvider {
 public:
  explicit StaticCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  Result<Credentials> get(Deadline) override { return credentials_; }

 private:
  Credentials credentials_;
};

}  // namespace spillway::aws
