#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "lab/break.h"
#include "lab/errors.h"

// Breakages of AWS: rules of the emulator.
namespace spillway::lab {
namespace {

Result<Damage> ruled(Json rules) {
  Damage damage;
  damage.rules = std::move(rules);
  return damage;
}

Result<Damage> one(Json rule) {
  return ruled(Json::array({std::move(rule)}));
}

/// The target as a number, or `otherwise`. Errors: SPW-LAB-017.
Result<int64_t> number(const std::string& target, int64_t otherwise, int64_t least) {
  if (target.empty()) return otherwise;
  const auto value = parse_int(target);
  if (value && *value >= least && *value <= 1'000'000) return *value;
  return Error{Kind::invalid, kBadTarget,
               fmt::format("{}: not a number from {} to 1000000", in_quotes(target), least)};
}

/// TYPE/ZONE/PURCHASE, each a pattern or left out; spot and on-demand may stand alone.
Result<Json> place(const std::string& target, Json rule) {
  const auto parts = split(target, '/');
  if (parts.size() > 3)
    return Error{Kind::invalid, kBadTarget, fmt::format("{}: want TYPE/ZONE/PURCHASE", in_quotes(target))};
  constexpr const char* kMembers[] = {"type", "zone", "purchase"};
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool purchase = parts[i] == "spot" || parts[i] == "on-demand";
    if (parts[i].empty() || parts[i] == "*") continue;
    if (i == 2 && !purchase)
      return Error{Kind::invalid, kBadTarget,
                   fmt::format("{}: a purchase is spot or on-demand", in_quotes(target))};
    rule.set(purchase ? "purchase" : kMembers[i], parts[i]);
  }
  return rule;
}

Json of_instance(const Scene& scene, Json rule) {
  if (!scene.instance.empty()) rule.set("instance", scene.instance);
  return rule;
}

Result<Damage> capacity(const Scene& scene) {
  return one(TRY(place(scene.target, Json::object({{"effect", "capacity"}, {"limit", 0}}))));
}

/// LIMIT, or LIMIT@ and a place.
Result<Damage> partial(const Scene& scene) {
  const size_t at = scene.target.find('@');
  const int64_t limit = TRY(number(scene.target.substr(0, at), 1, 0));
  return one(TRY(place(at == std::string::npos ? "" : scene.target.substr(at + 1),
                       Json::object({{"effect", "capacity"}, {"limit", limit}}))));
}

Result<Damage> throttle(const Scene& scene) {
  return one(Json::object({{"effect", "throttle"}, {"times", TRY(number(scene.target, 1, 0))}}));
}

Result<Damage> late(const Scene& scene) {
  const std::string what = scene.target.empty() ? "instances" : scene.target;
  const std::vector<std::string> known{"instances", "addresses", "tags", "filters", "states"};
  if (std::find(known.begin(), known.end(), what) == known.end())
    return Error{Kind::invalid, kBadTarget,
                 fmt::format("{}: it is one of {}; did you mean {}?", in_quotes(what), fmt::join(known, ", "),
                             nearest(what, known).value_or("instances"))};
  return one(Json::object({{"effect", "late"}, {"what", what}, {"ms", 3000}}));
}

Result<Damage> lost_answers(const Scene& scene) {
  return one(Json::object(
      {{"effect", "drop_after"}, {"operation", scene.target.empty() ? "CreateFleet" : scene.target}}));
}

Result<Damage> slow(const Scene& scene) {
  return one(
      Json::object({{"effect", "delay"}, {"service", "ec2"}, {"ms", TRY(number(scene.target, 2000, 1))}}));
}

/// CODE, or CODE@SERVICE, or CODE@OPERATION.
Result<Damage> error(const Scene& scene) {
  const size_t at = scene.target.find('@');
  const std::string code = scene.target.substr(0, at);
  const std::string of = at == std::string::npos ? "" : scene.target.substr(at + 1);
  if (code.empty() || (at != std::string::npos && of.empty()))
    return Error{Kind::invalid, kBadTarget, fmt::format("{}: want CODE@OPERATION", in_quotes(scene.target))};
  Json rule = Json::object({{"effect", "error"}, {"code", code}});
  const bool service = of == "ec2" || of == "iam" || of == "sts" || of == "ssm" || of == "s3";
  if (!of.empty()) rule.set(service ? "service" : "operation", of);
  return one(std::move(rule));
}

template <int kEffect>
Result<Damage> launched(const Scene& scene) {
  constexpr const char* kEffects[] = {"never_boots", "dies_pending"};
  return one(TRY(place(scene.target, Json::object({{"effect", kEffects[kEffect]}}))));
}

template <int kEffect>
Result<Damage> instance(const Scene& scene) {
  constexpr const char* kEffects[] = {"spot_notice", "rebalance", "imds_silent", "terminate_delayed",
                                      "stuck_shutting_down"};
  return one(of_instance(scene, Json::object({{"effect", kEffects[kEffect]}})));
}

Result<Damage> leftovers(const Scene&) {
  return ruled(Json::array({Json::object({{"effect", "leave_behind"}, {"what", "volumes"}}),
                            Json::object({{"effect", "leave_behind"}, {"what", "interfaces"}})}));
}

Result<Damage> credentials(const Scene& scene) {
  return one(Json::object(
      {{"effect", "credentials_expired"}, {"access_key", scene.target.empty() ? "ASIA*" : scene.target}}));
}

Result<Damage> clock(const Scene& scene) {
  return one(
      Json::object({{"effect", "clock_offset"}, {"seconds", TRY(number(scene.target, 1200, -1'000'000))}}));
}

}  // namespace

const std::vector<Breakage>& aws_breakages() {
  static const std::vector<Breakage> kAll = {
      {"capacity", Aim::optional, "TYPE/ZONE/PURCHASE", "1, 28",
       "no such machines: InsufficientInstanceCapacity", capacity},
      {"partial", Aim::optional, "LIMIT[@TYPE/ZONE/PURCHASE]", "2",
       "one such machine at a time (or so many), and fleets get less than they asked for", partial},
      {"throttle", Aim::optional, "TIMES", "3", "EC2's published rates, or so many times those", throttle},
      {"late", Aim::optional, "WHAT", "5-7",
       "new instances (or addresses, tags, filters, states) are seen after 3 s", late},
      {"lost-answers", Aim::optional, "OPERATION", "8",
       "CreateFleet (or another) acts, and its answer never comes", lost_answers},
      {"slow", Aim::optional, "MS", "30", "each call of EC2 takes 2 s (or so many ms) more", slow},
      {"error", Aim::required, "CODE[@OPERATION]", "4, 12-14, 16, 17",
       "calls of an operation or a service (ec2, s3, ssm, iam, sts) fail with AWS's code", error},
      {"never-boots", Aim::optional, "TYPE/ZONE/PURCHASE", "20, 38",
       "new instances run, and nothing starts in them", launched<0>},
      {"dies-pending", Aim::optional, "TYPE/ZONE/PURCHASE", "11", "new instances end before they run",
       launched<1>},
      {"spot-notice", Aim::node, "NODE", "47, 48",
       "EC2 takes the instance back: told now, ended after two minutes", instance<0>},
      {"rebalance", Aim::node, "NODE", "49", "EC2 recommends to leave the instance", instance<1>},
      {"imds-silent", Aim::optional_node, "NODE", "", "the metadata service cuts connections", instance<2>},
      {"terminate-delayed", Aim::optional_node, "NODE", "19, 45",
       "terminations are accepted, and nothing comes of them", instance<3>},
      {"stuck", Aim::optional_node, "NODE", "19, 45",
       "ended instances stay shutting-down until this is healed", instance<4>},
      {"leftovers", Aim::nothing, "", "43", "ended instances leave volumes and interfaces behind", leftovers},
      {"credentials", Aim::optional, "KEY", "14",
       "temporary keys (or those of this pattern) are expired; new ones are good", credentials},
      {"clock", Aim::optional, "SECONDS", "15", "AWS's clock is ahead by 20 minutes (or so many seconds)",
       clock},
  };
  return kAll;
}

}  // namespace spillway::lab
