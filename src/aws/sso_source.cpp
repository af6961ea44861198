#include <fmt/format.h>

#include "aws/credential_sources.h"
#include "aws/encode.h"
#include "aws/errors.h"
#include "base/crypto.h"
#include "base/file.h"

// IAM Identity Center. The token is made by a person's login and only read here.
// Source: "IAM Identity Center credential provider", AWS SDKs and tools guide; GetRoleCredentials, SSO portal
// API.
namespace spillway::aws {
namespace {

using Found = Result<std::optional<Credentials>>;

std::string setting(const Profile* profile, std::string_view key) {
  const auto found = profile ? profile->find(key) : Profile::const_iterator{};
  return !profile || found == profile->end() ? "" : found->second;
}

Error login_again(const std::string& profile, std::string_view why) {
  return Error{Kind::credentials, kBadCredentials, fmt::format("profile {}: {}", profile, why)}.fixed_by(
      "aws sso login --profile " + profile);
}

Result<std::string> token_of(const Surroundings& around, const std::string& profile,
                             const std::string& cache_name) {
  const std::string path =
      fmt::format("{}/.aws/sso/cache/{}.json", home_folder(around.environment), to_hex(sha1(cache_name)));
  const auto text = read_file(path, 1 << 20);
  if (!text) return login_again(profile, "there is no single sign-on token");
  const auto json = Json::parse(*text);
  if (!json || (*json)["accessToken"].as_string().empty())
    return login_again(profile, path + " holds no token");
  const auto end = parse_iso8601((*json)["expiresAt"].as_string());
  if (!end || *end <= around.clock.now()) return login_again(profile, "the single sign-on token has ended");
  return (*json)["accessToken"].as_string();
}

}  // namespace

Found ask_sso(const Surroundings& around, const SharedConfig& config, const std::string& name,
              const Profile& profile, Deadline deadline) {
  const std::string session = setting(&profile, "sso_session");
  const Profile* place = session.empty() ? &profile : config.sso_session(session);
  const std::string account = setting(&profile, "sso_account_id"), role = setting(&profile, "sso_role_name");
  if (account.empty() || role.empty()) return std::optional<Credentials>();
  const std::string region = setting(place, "sso_region"), start = setting(place, "sso_start_url");
  if (region.empty() || start.empty())
    return Error{Kind::credentials, kBadConfig,
                 fmt::format("profile {}: sso_region or sso_start_url is missing", name)};
  const std::string token = TRY(token_of(around, name, session.empty() ? start : session));
  const auto response = TRY(around.transport.send(
      {"GET",
       fmt::format("https://portal.sso.{}.amazonaws.com/federation/credentials?role_name={}"
                   "&account_id={}",
                   region, percent_encode(role), percent_encode(account)),
       {{"x-amz-sso_bearer_token", token}}},
      deadline));
  if (response.status == 401) return login_again(name, "the single sign-on token is not accepted");
  const auto json = Json::parse(response.body);
  if (response.status != 200 || !json)
    return Error{response.status >= 500 ? Kind::unavailable : Kind::credentials, kBadCredentials,
                 fmt::format("profile {}: single sign-on answers {}", name, response.status)};
  const Json& keys = (*json)["roleCredentials"];
  return std::optional(TRY(credentials_from(
      Json::object(
          {{"AccessKeyId", keys["accessKeyId"]},
           {"SecretAccessKey", keys["secretAccessKey"]},
           {"SessionToken", keys["sessionToken"]},
           {"Expiration", static_cast<double>(keys["expiration"].as_int()) / 1000}}),  // milliseconds
      fmt::format("single sign-on role {}", role))));
}

}  // namespace spillway::aws
