#include "site/provider.h"

#include <algorithm>

namespace spillway::site {
namespace {
constexpr std::chrono::seconds kPatience{120};
}  // namespace

const std::vector<Provider>& providers() {
  static const std::vector<Provider> kAll = [] {
    std::vector<Provider> all;
    for (auto part : {vpc_providers, route_providers, group_providers, iam_providers, bucket_providers,
                      object_providers, gateway_providers, template_providers})
      for (Provider& provider : part()) all.push_back(provider);
    return all;
  }();
  return kAll;
}

const Provider* provider_of(std::string_view type) {
  const auto found = std::find_if(providers().begin(), providers().end(),
                                  [&](const Provider& provider) { return provider.type == type; });
  return found == providers().end() ? nullptr : &*found;
}

PropertyRules rules_of(std::string_view type) {
  const Provider* provider = provider_of(type);
  return provider ? provider->rules : PropertyRules{};
}

Result<Json> ec2(const Session& session, std::string_view operation, Json input) {
  return session.aws.call("ec2", operation, std::move(input), session.deadline);
}

Json tag_list(const Session& session, const std::string& key) {
  const auto tag = [](std::string_view name, std::string_view value) {
    return Json::object({{"Key", name}, {"Value", value}});
  };
  return Json::array({tag("spillway:cluster", session.in.cluster.value),
                      tag("spillway:name", session.in.name), tag("spillway:kind", key),
                      tag("Name", fmt::format("{} {}", session.in.name, key))});
}

Json tag_specifications(const Session& session, std::string_view ec2_kind, const std::string& key) {
  return Json::array({Json::object({{"ResourceType", ec2_kind}, {"Tags", tag_list(session, key)}})});
}

Json our_filters(const Session& session) {
  return Json::array({Json::object(
      {{"Name", "tag:spillway:cluster"}, {"Values", Json::array({session.in.cluster.value})}})});
}

std::string tag_in(const Json& tags, std::string_view key) {
  for (const Json& tag : tags.items())
    if (tag["Key"].as_string() == key) return tag["Value"].as_string();
  return "";
}

Result<void> unless_gone(Result<Json> answer) {
  if (!answer && answer.error().kind != Kind::not_found) return answer.error();
  return {};
}

Result<Json> patiently(const Session& session, const std::vector<std::string_view>& passing_codes,
                       const std::function<Result<Json>()>& call) {
  const Time give_up = session.clock.now() + kPatience;
  for (Duration wait = std::chrono::milliseconds{250};;
       wait = std::min<Duration>(wait * 2, std::chrono::seconds{4})) {
    Result<Json> answer = call();
    if (answer || session.clock.now() >= give_up ||
        std::find(passing_codes.begin(), passing_codes.end(), answer.error().peer_code) ==
            passing_codes.end())
      return answer;
    session.clock.sleep_for(wait);
  }
}

}  // namespace spillway::site
