#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/endpoints.h"
#include "base/error.h"

namespace spillway::aws {

/// The value of an environment variable; nothing when it is unset or empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
/// The user's home folder, from HOME or the user database; "" when there is none.
std::string home_folder(const Environment& environment);
/// The process's own environment.
Environment process_environment();

/// Settings of a profile; those of a nested block are named "block.key".
using Profile = std::map<std::string, std::string, std::less<>>;

/// The AWS command line's two files. Source: "Shared config and credentials files", AWS SDKs and tools guide.
class SharedConfig {
 public:
  /// Reads both files where the environment or the home folder has them; an absent file is empty.
  /// Errors: invalid (SPW-AWS-010, with file and line), denied, io.
  static Result<SharedConfig> load(const Environment& environment);
  /// From the text of the two files.
  static Result<SharedConfig> parse(std::string_view config, std::string_view credentials);

  /// The profile, the credentials file's settings over the config file's; nullptr when neither has it.
  const Profile* profile(std::string_view name) const;
  /// A "[services NAME]" section.
  const Profile* services(std::string_view name) const;
  /// An "[sso-session NAME]" section.
  const Profile* sso_session(std::string_view name) const;

 private:
  std::map<std::string, Profile, std::less<>> profiles_, services_, sso_sessions_;
};

/// The endpoints that environment and profile name. An own variable of a service beats the common one, and
/// each variable beats the file.
Endpoints load_endpoints(const Environment& environment, const SharedConfig& config, const Profile& profile,
                         const std::vector<std::string>& services);

}  // namespace spillway::aws
