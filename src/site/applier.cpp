#include "site/applier.h"

#include <algorithm>

#include "site/codes.h"

namespace spillway::site {
namespace {

constexpr Code kTwice{"SPW-SITE-014",
                      "two things carry the same tags, so nobody can tell which one is in use",
                      "delete the one that nothing uses in the AWS console, then: spillway apply"};

/// The session of one attempt at one thing.
Session attempt_at(const Session& session, std::string attempt) {
  Session out = session;
  out.attempt = std::move(attempt);
  out.deadline = Deadline::after(std::chrono::minutes{10});
  return out;
}

Result<const Provider*> provider_for(const std::string& type) {
  const Provider* provider = provider_of(type);
  if (!provider) return Error{Kind::internal, fmt::format("nobody provides {}", type)};
  return provider;
}

Result<void> take_away(const Session& session, const Change& change, Actuals& actuals,
                       const Progress& progress) {
  progress.began(change);
  const Provider* provider = TRY(provider_for(change.type));
  auto removed = provider->remove(attempt_at(session, ""), change.actual);
  if (!removed) return std::move(removed).error().during(fmt::format("{} {}", change.key, change.id));
  actuals.erase(change.key);
  progress.ended(change, "");
  return {};
}

Result<void> bring_about(const Session& session, const Change& change, Actuals& actuals, Intents& intents,
                         const Progress& progress) {
  Resource wanted = change.wanted;
  wanted.properties = resolved(wanted.properties, actuals);
  if (has_references(wanted.properties))
    return Error{Kind::internal, fmt::format("{} refers to what is not there", change.key)};
  const auto there = actuals.find(change.key);
  // What it refers to may have come back under the same id.
  if (there != actuals.end() && covers(there->second.properties, wanted.properties)) return {};
  progress.began(change);
  const Provider* provider = TRY(provider_for(change.type));
  const Session own = attempt_at(session, TRY(intents.begin(change.key)));
  auto made = there == actuals.end() || !provider->update ? provider->create(own, wanted)
                                                          : provider->update(own, there->second, wanted);
  if (!made) return std::move(made).error().during(change.key);
  TRY(intents.done(change.key));
  made->properties = wanted.properties;
  progress.ended(change, made->id);
  actuals[change.key] = *std::move(made);
  return {};
}

/// Of two gateways the one that the premises send to has the routes of the nodes' subnets. That is no drift:
/// plan shows them where apply puts them, at the first.
void forgive_failover(Actuals& actuals) {
  const auto first = actuals.find("Gateway"), standby = actuals.find("Standby"),
             table = actuals.find("ComputeRoutes");
  if (first == actuals.end() || standby == actuals.end() || table == actuals.end()) return;
  Json routes = Json::array();
  for (Json route : table->second.properties["Routes"].items()) {
    if (route["InstanceId"].as_string() == standby->second.id) route.set("InstanceId", first->second.id);
    routes.push(std::move(route));
  }
  table->second.properties.set("Routes", std::move(routes));
}

}  // namespace

Result<Actuals> observe(const Session& session, const Resources& wanted) {
  Actuals out;
  for (const Provider& provider : providers()) {
    const std::vector<Actual> found = TRY(provider.find(session));
    for (const Actual& each : found) {
      if (each.key.empty()) continue;
      const auto [other, is_new] = out.emplace(each.key, each);
      if (!is_new)
        return Error{Kind::conflict, kTwice,
                     fmt::format("{} is there twice: {} and {}", each.key, other->second.id, each.id)};
    }
  }
  for (const Resource& resource : wanted) {
    if (resource.existing.empty()) continue;
    const Provider* provider = TRY(provider_for(resource.type));
    if (!provider->adopt)
      return Error{Kind::internal, fmt::format("{} cannot be somebody else's", resource.type)};
    auto adopted = provider->adopt(session, resource);
    if (!adopted) return std::move(adopted).error().during(fmt::format("existing {}", resource.existing));
    out.insert_or_assign(resource.key, *adopted);
  }
  // Where no second gateway is wanted any more, the first must have them in truth.
  if (std::any_of(wanted.begin(), wanted.end(), [](const Resource& each) { return each.key == "Standby"; }))
    forgive_failover(out);
  return out;
}

Result<void> carry_out(const Session& session, const Difference& difference, Actuals& actuals,
                       Intents& intents, const Progress& progress) {
  const auto& changes = difference.changes;
  const auto stopped = [&]() -> Result<void> {
    if (progress.stop()) return Error{Kind::interrupted, "stopped between two steps"};
    return {};
  };
  // What is replaced goes first, the highest first: names and addresses are free again for what comes.
  for (auto it = changes.rbegin(); it != changes.rend(); ++it)
    if (it->action == Action::replace) {
      TRY(stopped());
      TRY(take_away(session, *it, actuals, progress));
    }
  for (const Change& change : changes) {
    TRY(stopped());
    if (change.action == Action::destroy)
      TRY(take_away(session, change, actuals, progress));
    else
      TRY(bring_about(session, change, actuals, intents, progress));
  }
  return {};
}

}  // namespace spillway::site
