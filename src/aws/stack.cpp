#include "aws/stack.h"

#include <fmt/format.h>

#include "aws/errors.h"
#include "aws/models.h"
#include "net/curl_transport.h"

namespace spillway::aws {
namespace {

std::string setting(const Profile& profile, std::string_view key) {
  const auto found = profile.find(key);
  return found == profile.end() ? "" : found->second;
}

std::vector<std::string> known_services() {
  std::vector<std::string> out;
  for (size_t i = 0; i < kEmbeddedModelCount; ++i) out.emplace_back(kEmbeddedModels[i].service);
  return out;
}

struct Choices {
  SharedConfig config;
  std::string profile, region, ca_file;
  bool explicit_profile = false;
  Endpoints endpoints;
};

class OwningStack final : public Stack {
 public:
  OwningStack(const Choices& choices, const Overrides& with)
      : region_(choices.region),
        ca_file_(choices.ca_file),
        own_transport_(net::CurlOptions{.ca_file = choices.ca_file}),
        transport_(with.transport ? *with.transport : own_transport_),
        clock_(with.clock ? *with.clock : own_clock_),
        credentials_(usual_sources(
                         {.environment = with.environment,
                          .transport = transport_,
                          .runner = with.runner ? *with.runner : own_runner_,
                          .clock = clock_,
                          .region = choices.region,
                          .endpoints = choices.endpoints},
                         [environment = with.environment] { return SharedConfig::load(environment); },
                         choices.profile, choices.explicit_profile),
                     clock_),
        pacing_(with.rates),
        client_(transport_, credentials_, clock_,
                {.region = choices.region,
                 .endpoints = choices.endpoints,
                 .retry = with.retry,
                 .pacing = &pacing_}) {}

  Client& client() override { return client_; }
  CredentialsProvider& credentials() override { return credentials_; }
  net::Transport& transport() override { return transport_; }
  const std::string& region() const override { return region_; }
  Clock& clock() override { return clock_; }
  const std::string& ca_file() const override { return ca_file_; }

 private:
  const std::string region_, ca_file_;
  SystemClock own_clock_;
  PosixRunner own_runner_;
  net::CurlTransport own_transport_;
  net::Transport& transport_;
  Clock& clock_;
  CredentialChain credentials_;
  Pacing pacing_;
  Client client_;
};

}  // namespace

Result<std::unique_ptr<Stack>> make_stack(std::string profile, std::string region, Overrides overrides) {
  if (!overrides.environment) overrides.environment = process_environment();
  const Environment& environment = overrides.environment;
  Choices choices{.config = TRY(SharedConfig::load(environment))};
  choices.explicit_profile = !profile.empty();
  choices.profile = profile.empty() ? environment("AWS_PROFILE").value_or("default") : std::move(profile);
  const Profile* found = choices.config.profile(choices.profile);
  if (!found && choices.profile != "default")
    return Error{Kind::credentials, kBadConfig, fmt::format("there is no AWS profile '{}'", choices.profile)};
  const Profile settings = found ? *found : Profile{};
  choices.region = std::move(region);
  for (const auto& other : {environment("AWS_REGION"), environment("AWS_DEFAULT_REGION")})
    if (choices.region.empty()) choices.region = other.value_or("");
  if (choices.region.empty()) choices.region = setting(settings, "region");
  if (choices.region.empty())
    return Error{Kind::invalid, kBadConfig, "no AWS region is set"}.fixed_by("set aws.region or AWS_REGION");
  choices.ca_file = overrides.ca_file;
  if (choices.ca_file.empty())
    choices.ca_file = environment("AWS_CA_BUNDLE").value_or(setting(settings, "ca_bundle"));
  choices.endpoints = load_endpoints(environment, choices.config, settings, known_services());
  if (!overrides.endpoint_url.empty()) choices.endpoints = {.all = overrides.endpoint_url};
  return std::unique_ptr<Stack>(std::make_unique<OwningStack>(choices, overrides));
}

}  // namespace spillway::aws
