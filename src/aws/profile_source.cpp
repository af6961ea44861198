#include <fmt/format.h>

#include <set>

#include "aws/client.h"
#include "aws/credential_sources.h"
#include "aws/errors.h"
#include "base/file.h"
#include "base/text.h"

// What a profile can name: a role to assume with another's credentials, a web identity, keys, or a process.
namespace spillway::aws {
namespace {

using Found = Result<std::optional<Credentials>>;

Error wrong(std::string_view profile, std::string_view why) {
  return Error{Kind::credentials, kBadConfig, fmt::format("profile {}: {}", profile, why)};
}

std::string setting(const Profile& profile, std::string_view key) {
  const auto found = profile.find(key);
  return found == profile.end() ? "" : found->second;
}

// One call to STS as somebody; its answer's Credentials have the names that credentials_from() reads.
Result<Credentials> ask_sts(const Surroundings& around, const Credentials& as, std::string_view operation,
                            Json input, std::string source, Deadline deadline) {
  StaticCredentials caller(as);
  Client client(around.transport, caller, around.clock,
                {.region = around.region, .endpoints = around.endpoints});
  const Json answer = TRY(client.call("sts", operation, std::move(input), deadline));
  return credentials_from(answer["Credentials"], std::move(source));
}

struct WebIdentity {
  std::string role_arn, token_file, session_name;
};

Found ask_web_identity(const Surroundings& around, const WebIdentity& identity, Deadline deadline) {
  const std::string token(trim(TRY(read_file(identity.token_file, 1 << 16))));
  return std::optional(TRY(ask_sts(around, {}, "AssumeRoleWithWebIdentity",
                                   Json::object({{"RoleArn", identity.role_arn},
                                                 {"RoleSessionName", identity.session_name},
                                                 {"WebIdentityToken", token}}),
                                   "web identity " + identity.role_arn, deadline)));
}

class ProfileReader {
 public:
  ProfileReader(const Surroundings& around, const SharedConfig& config) : around_(around), config_(config) {}

  Found read(const std::string& name, Deadline deadline) {
    const Profile* profile = config_.profile(name);
    if (!profile) {
      if (name == "default") return std::optional<Credentials>();
      return wrong(name, "neither ~/.aws/config nor ~/.aws/credentials has it");
    }
    // A profile that names itself as its source means its own keys; any other circle is an error.
    const bool again = !seen_.insert(name).second;
    if (!again && profile->contains("role_arn") && profile->contains("web_identity_token_file"))
      return ask_web_identity(around_,
                              {setting(*profile, "role_arn"), setting(*profile, "web_identity_token_file"),
                               session_name(*profile)},
                              deadline);
    if (!again && profile->contains("role_arn")) return assume_role(name, *profile, deadline);
    if (auto found = TRY(ask_sso(around_, config_, name, *profile, deadline))) return found;
    if (profile->contains("aws_access_key_id")) return keys(name, *profile);
    if (again) return wrong(name, "its source_profile leads back to itself");
    if (profile->contains("credential_process")) return process(name, *profile, deadline);
    return std::optional<Credentials>();
  }

 private:
  std::string session_name(const Profile& profile) const {
    const std::string named = setting(profile, "role_session_name");
    if (!named.empty()) return named;
    return fmt::format(
        "spillway-{}",
        std::chrono::duration_cast<std::chrono::seconds>(around_.clock.now().time_since_epoch()).count());
  }

  static Found keys(const std::string& name, const Profile& profile) {
    if (setting(profile, "aws_secret_access_key").empty())
      return wrong(name, "aws_secret_access_key is missing");
    return std::optional(Credentials{.access_key_id = setting(profile, "aws_access_key_id"),
                                     .secret_access_key = Secret(setting(profile, "aws_secret_access_key")),
                                     .session_token = Secret(setting(profile, "aws_session_token")),
                                     .source = "profile " + name});
  }

  Found source_of(const std::string& name, const Profile& profile, Deadline deadline) {
    const std::string from = setting(profile, "source_profile"), kind = setting(profile, "credential_source");
    if (!from.empty()) return read(from, deadline);
    if (kind == "Environment") return environment_source(around_)(deadline);
    if (kind == "Ec2InstanceMetadata") return imds_source(around_)(deadline);
    if (kind == "EcsContainer") return container_source(around_)(deadline);
    return wrong(name, "role_arn needs source_profile or a known credential_source");
  }

  Found assume_role(const std::string& name, const Profile& profile, Deadline deadline) {
    if (profile.contains("mfa_serial"))
      return wrong(name, "a role that wants MFA cannot be used by a daemon");
    const auto as = TRY(source_of(name, profile, deadline));
    if (!as) return wrong(name, "the source of its role has no credentials");
    Json input =
        Json::object({{"RoleArn", setting(profile, "role_arn")}, {"RoleSessionName", session_name(profile)}});
    if (const std::string id = setting(profile, "external_id"); !id.empty()) input.set("ExternalId", id);
    if (const auto seconds = parse_int(setting(profile, "duration_seconds")))
      input.set("DurationSeconds", *seconds);
    return std::optional(
        TRY(ask_sts(around_, *as, "AssumeRole", std::move(input),
                    fmt::format("role {} of profile {}", setting(profile, "role_arn"), name), deadline)));
  }

  Found process(const std::string& name, const Profile& profile, Deadline deadline) {
    auto argv = split_arguments(setting(profile, "credential_process"));
    if (!argv) return wrong(name, "credential_process: " + argv.error().what);
    Program program{.argv = *std::move(argv)};
    for (const char* variable :
         {"HOME", "USER", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"})
      if (const auto value = around_.environment(variable))
        program.env.push_back(fmt::format("{}={}", variable, *value));
    const Finished finished = TRY(around_.runner.run(program, deadline));
    if (finished.exit_code != 0)
      return wrong(name, fmt::format("credential_process {} exits with {}: {}", program.argv.front(),
                                     finished.exit_code, trim(finished.err)));
    const auto json = Json::parse(finished.out);
    if (!json || (*json)["Version"].as_int() != 1)
      return wrong(name,
                   fmt::format("credential_process {} does not print version 1 JSON", program.argv.front()));
    return std::optional(TRY(credentials_from(*json, "credential_process of profile " + name)));
  }

  const Surroundings& around_;
  const SharedConfig& config_;
  std::set<std::string> seen_;
};

}  // namespace

CredentialSource profile_source(const Surroundings& around, ConfigReader config, std::string profile) {
  return [around, config = std::move(config), profile = std::move(profile)](Deadline deadline) -> Found {
    const SharedConfig files = TRY(config());
    return ProfileReader(around, files).read(profile, deadline);
  };
}

CredentialSource web_identity_source(const Surroundings& around) {
  return [around](Deadline deadline) -> Found {
    const auto file = around.environment("AWS_WEB_IDENTITY_TOKEN_FILE"),
               role = around.environment("AWS_ROLE_ARN");
    if (!file || !role) return std::optional<Credentials>();
    return ask_web_identity(
        around, {*role, *file, around.environment("AWS_ROLE_SESSION_NAME").value_or("spillway")}, deadline);
  };
}

Result<std::vector<std::string>> split_arguments(std::string_view line) {
  std::vector<std::string> out;
  bool open = false;  // inside an argument
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (!quote && (c == ' ' || c == '\t')) {
      open = false;
      continue;
    }
    if (!open) out.emplace_back();
    open = true;
    if (c == '\\' && quote != '\'' && i + 1 < line.size())
      out.back() += line[++i];
    else if (quote ? c == quote : c == '"' || c == '\'')
      quote = quote ? 0 : c;
    else
      out.back() += c;
  }
  if (quote) return Error{Kind::invalid, "a quote is not closed"};
  if (out.empty() || !out.front().starts_with('/'))
    return Error{Kind::invalid, "the program must be an absolute path"};
  return out;
}

}  // namespace spillway::aws
