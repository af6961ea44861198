#pragma once
#include <memory>
#include <string>

#include "aws/client.h"
#include "aws/credential_sources.h"

namespace spillway::aws {

/// What make_stack() takes from elsewhere instead of from the process. Null and empty: the usual.
struct Overrides {
  Environment environment;
  net::Transport* transport = nullptr;
  Runner* runner = nullptr;
  Clock* clock = nullptr;
  std::string ca_file;       // beats AWS_CA_BUNDLE and the profile's ca_bundle
  std::string endpoint_url;  // for every service; beats all other settings
  RetryPolicy retry;
  Rates rates;
};

/// A client with all that it stands on.
class Stack {
 public:
  virtual ~Stack() = default;
  virtual Client& client() = 0;
  virtual CredentialsProvider& credentials() = 0;
  virtual net::Transport& transport() = 0;
  virtual const std::string& region() const = 0;
  virtual Clock& clock() = 0;
  /// Certificates that were named, or "".
  virtual const std::string& ca_file() const = 0;
};

/// Builds a client from the environment and the shared files as AWS's tools do. An empty `profile` means
/// AWS_PROFILE or "default", an empty `region` AWS_REGION, AWS_DEFAULT_REGION or the profile's. Sends nothing
/// yet. Errors: invalid (SPW-AWS-010: no region, unreadable files), credentials (the named profile does not
/// exist).
Result<std::unique_ptr<Stack>> make_stack(std::string profile, std::string region, Overrides overrides = {});

}  // namespace spillway::aws
