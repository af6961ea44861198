#include "aws/credential_sources.h"

#include <fmt/format.h>

#include "aws/errors.h"
#include "base/file.h"
#include "base/text.h"

namespace spillway::aws {
namespace {

using Found = Result<std::optional<Credentials>>;

Error broken(std::string what) {
  return Error{Kind::credentials, kBadCredentials, std::move(what)};
}

// Answers of metadata services: what is not there, or nobody there, is nothing.
Result<std::optional<std::string>> fetch(net::Transport& transport, const net::Request& request,
                                         Deadline deadline) {
  auto response = transport.send(request, deadline);
  if (!response || response->status == 404) return std::optional<std::string>();
  if (response->status != 200)
    return Error{Kind::unavailable, fmt::format("{} answers {}", request.url, response->status)};
  return std::optional(std::move(response->body));
}

Found parsed(const std::string& body, std::string source) {
  auto json = Json::parse(body);
  if (!json) return broken(fmt::format("{} gave no JSON: {}", source, json.error().what));
  return std::optional(TRY(credentials_from(*json, std::move(source))));
}

}  // namespace

Result<Credentials> credentials_from(const Json& json, std::string source) {
  Credentials out;
  out.access_key_id = json["AccessKeyId"].as_string();
  out.secret_access_key = Secret(json["SecretAccessKey"].as_string());
  out.session_token =
      Secret(json.contains("SessionToken") ? json["SessionToken"].as_string() : json["Token"].as_string());
  if (out.access_key_id.empty() || out.secret_access_key.empty())
    return broken(fmt::format("{} gave no keys{}{}", source, json.contains("Message") ? ": " : "",
                              json["Message"].as_string()));
  const Json& end = json.contains("Expiration") ? json["Expiration"] : Json();
  if (end.is_string()) {
    auto time = parse_iso8601(end.as_string());
    if (!time) return broken(fmt::format("{}: {}", source, time.error().what));
    out.expires = *time;
  } else if (end.is_number()) {
    out.expires = Time{std::chrono::microseconds{static_cast<int64_t>(end.as_double() * 1e6)}};
  }
  out.source = std::move(source);
  return out;
}

CredentialSource environment_source(const Surroundings& around) {
  return [environment = around.environment](Deadline) -> Found {
    const auto id = environment("AWS_ACCESS_KEY_ID");
    if (!id) return std::optional<Credentials>();
    const auto secret = environment("AWS_SECRET_ACCESS_KEY");
    if (!secret) return broken("AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not");
    return std::optional(Credentials{.access_key_id = *id,
                                     .secret_access_key = Secret(*secret),
                                     .session_token = Secret(environment("AWS_SESSION_TOKEN").value_or("")),
                                     .source = "environment"});
  };
}

// Credentials and the token that asks for them do not cross a network in the clear. Source: "Container
// credential provider", AWS SDKs and tools guide.
bool may_ask(std::string_view url) {
  if (url.starts_with("https://")) return true;
  if (!url.starts_with("http://")) return false;
  const std::string_view rest = url.substr(7);
  for (const std::string_view host :
       {"127.0.0.1", "localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"})
    if (rest.starts_with(host) &&
        (rest.size() == host.size() || rest[host.size()] == ':' || rest[host.size()] == '/'))
      return true;
  return false;
}

CredentialSource container_source(const Surroundings& around) {
  return [environment = around.environment, &transport = around.transport](Deadline deadline) -> Found {
    net::Request request;
    if (const auto relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"))
      request.url = "http://169.254.170.2" + *relative;
    else if (const auto full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
      request.url = *full;
    else
      return std::optional<Credentials>();
    if (!may_ask(request.url))
      return broken(request.url + ": plain http goes to this machine or a container's agent only");
    auto token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (const auto file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
      token = std::string(trim(TRY(read_file(*file, 1 << 16))));
    if (token) request.headers.push_back({"Authorization", *token});
    const auto body = TRY(fetch(transport, request, deadline.sooner(std::chrono::seconds{5})));
    if (!body) return broken(request.url + " has no credentials");
    return parsed(*body, "container");
  };
}

CredentialSource imds_source(const Surroundings& around) {
  return [environment = around.environment, &transport = around.transport](Deadline deadline) -> Found {
    if (equal_ignoring_case(environment("AWS_EC2_METADATA_DISABLED").value_or(""), "true"))
      return std::optional<Credentials>();
    std::string base = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or("http://169.254.169.254");
    while (base.ends_with('/')) base.pop_back();
    // A machine that is not on EC2 must not wait long to learn it.
    const Deadline soon = deadline.sooner(std::chrono::seconds{2});
    const auto token = TRY(fetch(
        transport, {"PUT", base + "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}}},
        soon));
    if (!token) return std::optional<Credentials>();
    const std::string roles = base + "/latest/meta-data/iam/security-credentials/";
    const net::Headers headers = {{"X-aws-ec2-metadata-token", *token}};
    const auto listed = TRY(fetch(transport, {"GET", roles, headers}, soon));
    if (!listed) return std::optional<Credentials>();  // an instance without a role
    const std::string role(trim(listed->substr(0, listed->find('\n'))));
    const auto body = TRY(fetch(transport, {"GET", roles + role, headers}, soon));
    if (!body) return std::optional<Credentials>();
    return parsed(*body, "IMDS role " + role);
  };
}

std::vector<CredentialSource> usual_sources(const Surroundings& around, const ConfigReader& config,
                                            const std::string& profile, bool explicit_profile) {
  std::vector<CredentialSource> sources;
  if (!explicit_profile) sources.push_back(environment_source(around));
  if (!explicit_profile) sources.push_back(web_identity_source(around));
  sources.push_back(profile_source(around, config, profile));
  sources.push_back(container_source(around));
  sources.push_back(imds_source(around));
  return sources;
}

}  // namespace spillway::aws
