#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "aws/credential_chain.h"
#include "aws/endpoints.h"
#include "aws/shared_config.h"
#include "base/json.h"
#include "base/subprocess.h"
#include "net/http.h"

namespace spillway::aws {

/// What sources of credentials ask; borrowed for as long as they live.
struct Surroundings {
  Environment environment;
  net::Transport& transport;
  Runner& runner;
  Clock& clock;
  std::string region;
  Endpoints endpoints;
};

/// Reads the shared files anew: keys in them are changed while a daemon runs.
using ConfigReader = std::function<Result<SharedConfig>()>;

/// AWS_ACCESS_KEY_ID and its kin.
CredentialSource environment_source(const Surroundings& around);
/// Keys, a role to assume, a web identity or a process: whatever the profile names.
CredentialSource profile_source(const Surroundings& around, ConfigReader config, std::string profile);
/// AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN.
CredentialSource web_identity_source(const Surroundings& around);
/// AWS_CONTAINER_CREDENTIALS_{RELATIVE,FULL}_URI.
CredentialSource container_source(const Surroundings& around);
/// The instance's role from the metadata service, version 2 only; nothing where there is no such service.
CredentialSource imds_source(const Surroundings& around);

/// The role that a profile names in IAM Identity Center, by the token that `aws sso login` left in
/// ~/.aws/sso/cache. Nothing when the profile names none. Errors: credentials (no token, or it ended: fixed
/// by another login).
Result<std::optional<Credentials>> ask_sso(const Surroundings& around, const SharedConfig& config,
                                           const std::string& name, const Profile& profile,
                                           Deadline deadline);

/// The places in the order of AWS's tools. `explicit_profile` puts the environment's keys aside.
std::vector<CredentialSource> usual_sources(const Surroundings& around, const ConfigReader& config,
                                            const std::string& profile, bool explicit_profile);

/// A credential_process line as the program's arguments: blanks separate, quotes and backslashes keep
/// together. Errors: invalid (an open quote, or a program without an absolute path).
Result<std::vector<std::string>> split_arguments(std::string_view line);
/// Credentials from the JSON that processes, containers and the metadata service give. Errors: credentials.
Result<Credentials> credentials_from(const Json& json, std::string source);

}  // namespace spillway::aws
