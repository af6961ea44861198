#include "emu/faults.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/ec2.h"

// The rules are an array of objects, looked at in order; the first that matches and has uses left acts, and a
// launch also collects never_boots and dies_pending:
//
//   {"operation": "RunInstances",    // AWS's name, or a pattern with * and ?; absent: every operation
//    "type": "c5.*",                 // only launches of such a type (launch operations); a pattern
//    "subnet": "subnet-0a",          // only launches into such a subnet; a pattern
//    "zone": "us-east-1a",           // only launches in such a zone; a pattern
//    "effect": "error",              // see below
//    "skip": 1,                      // so many occasions pass first
//    "probability": 0.1, "seed": 7,  // acts on so many of the occasions, always the same ones for a seed
//    "count": 2}                     // acts so many times; absent: for ever
//
//   effect         further members
//
//   error          "code", "message" (optional), "status" (optional, 400)
//
//   capacity       "limit": how many such instances there can be at a time
//
//   drop_before    the connection is cut and nothing was done
//
//   drop_after     the request is done, then the connection is cut without an answer
//
//   delay          "ms": slept before the request is looked at
//
//   never_boots    instances run, and nothing starts in them
//
//   dies_pending   instances go from pending to terminated
namespace spillway::emu {
namespace {

bool applies_to_operation(const Fault& fault, std::string_view operation) {
  return fault.remaining != 0 && (fault.operation.empty() || matches_wildcard(fault.operation, operation));
}

bool matches_or_any(const std::string& pattern, std::string_view value) {
  return pattern.empty() || matches_wildcard(pattern, value);
}

/// A number from 0 to 1 that depends on the rule's seed and the occasion alone.
double chance(const Fault& fault) {
  const std::string hash = sha256(fmt::format("{} {} {}", fault.seed, fault.effect, fault.occasions));
  uint32_t bits = 0;
  for (int i = 0; i < 4; ++i) bits = bits << 8 | static_cast<unsigned char>(hash[i]);
  return bits / 4294967296.0;
}

/// Counts an occasion on which the rule matches; whether it is one to act on.
bool strikes(Fault& fault) {
  if (fault.skip > 0) return --fault.skip, false;
  ++fault.occasions;
  return fault.probability >= 1 || chance(fault) < fault.probability;
}

bool is_about_launches(const Fault& fault) {
  return !fault.type.empty() || !fault.subnet.empty() || !fault.zone.empty() || fault.effect == "capacity" ||
         fault.effect == "never_boots" || fault.effect == "dies_pending";
}

void use(Fault& fault) {
  if (fault.remaining > 0) --fault.remaining;
}

bool alive_there(const Fault& fault, const Instance& instance) {
  return instance.state != State::terminated && matches_or_any(fault.type, instance.launch.type) &&
         matches_or_any(fault.subnet, instance.launch.subnet_id) && matches_or_any(fault.zone, instance.zone);
}

int64_t capacity_left(const Account& account, const Fault& fault) {
  auto alive = std::count_if(account.instances.begin(), account.instances.end(),
                             [&](const auto& entry) { return alive_there(fault, entry.second); });
  return std::max<int64_t>(0, fault.limit - alive);
}

std::string usual_message(const std::string& code, const LaunchSite& site) {
  if (code == "InsufficientInstanceCapacity")
    return fmt::format(
        "We currently do not have sufficient {} capacity in the Availability Zone you requested ({}). Our "
        "system "
        "will be working on provisioning additional capacity.",
        site.type, site.zone);
  if (code == "VcpuLimitExceeded")
    return "You have requested more vCPU capacity than your current vCPU limit allows for the instance "
           "bucket "
           "that the specified instance type belongs to.";
  if (code == "RequestLimitExceeded") return "Request limit exceeded.";
  return "The request was refused by a rule of the emulator.";
}

Error bad(const std::string& path, std::string_view problem) {
  return Error{Kind::invalid, fmt::format("fault rule {}: {}", path, problem)};
}

Result<Fault> read_fault(const Json& rule, const std::string& path) {
  static const std::vector<std::string> kKnown = {"operation", "type",    "subnet",      "zone",  "effect",
                                                  "code",      "message", "status",      "limit", "ms",
                                                  "count",     "skip",    "probability", "seed"};
  static const std::vector<std::string> kEffects = {"error", "capacity",    "drop_before", "drop_after",
                                                    "delay", "never_boots", "dies_pending"};
  if (!rule.is_object()) return bad(path, fmt::format("want an object, found {}", rule.type_name()));
  for (const auto& [key, value] : rule.members()) {
    if (std::find(kKnown.begin(), kKnown.end(), key) == kKnown.end())
      return bad(path, fmt::format("unknown key '{}'; did you mean '{}'?", key,
                                   nearest(key, kKnown).value_or("operation")));
    if (key == "probability") {
      if (!value.is_number() || value.as_double() < 0 || value.as_double() > 1)
        return bad(path + ".probability", "want a number from 0 to 1");
      continue;
    }
    bool number =
        key == "status" || key == "limit" || key == "ms" || key == "count" || key == "skip" || key == "seed";
    if (number ? !value.is_int() || value.as_int() < 0 : !value.is_string())
      return bad(path + "." + key, number ? "want a number, not negative" : "want a string");
  }
  Fault fault;
  fault.operation = rule["operation"].as_string();
  fault.type = rule["type"].as_string();
  fault.subnet = rule["subnet"].as_string();
  fault.zone = rule["zone"].as_string();
  fault.skip = rule["skip"].as_int();
  fault.seed = rule["seed"].as_int();
  if (rule.contains("probability")) fault.probability = rule["probability"].as_double();
  fault.effect = rule["effect"].as_string();
  if (std::find(kEffects.begin(), kEffects.end(), fault.effect) == kEffects.end())
    return bad(path + ".effect", fmt::format("unknown effect '{}'", fault.effect));
  fault.code = rule["code"].as_string();
  fault.message = rule["message"].as_string();
  fault.status = rule.contains("status") ? static_cast<int>(rule["status"].as_int()) : 400;
  fault.limit = rule["limit"].as_int();
  fault.delay = std::chrono::milliseconds{rule["ms"].as_int()};
  if (rule.contains("count")) fault.remaining = rule["count"].as_int();
  if (fault.effect == "error" && fault.code.empty()) return bad(path, "an error needs its code");
  if (fault.effect == "capacity" && !rule.contains("limit")) return bad(path, "a capacity needs its limit");
  if (fault.effect == "delay" && !rule.contains("ms")) return bad(path, "a delay needs its ms");
  return fault;
}

}  // namespace

Answer<LaunchTrouble> launch_trouble(Account& account, const LaunchSite& site, int64_t least) {
  LaunchTrouble trouble;
  for (Fault& fault : account.faults) {
    if (!applies_to_operation(fault, site.operation) || !is_about_launches(fault)) continue;
    if (!matches_or_any(fault.type, site.type) || !matches_or_any(fault.subnet, site.subnet) ||
        !matches_or_any(fault.zone, site.zone) || !strikes(fault))
      continue;
    if (fault.effect == "error") {
      use(fault);
      return refusal(fault.code, fault.message.empty() ? usual_message(fault.code, site) : fault.message,
                     fault.status);
    }
    if (fault.effect == "capacity")
      trouble.capacity = std::min(trouble.capacity, capacity_left(account, fault));
    if (fault.effect == "never_boots") trouble.never_boots = true;
    if (fault.effect == "dies_pending") trouble.dies_pending = true;
    if (fault.effect != "capacity") use(fault);
  }
  if (trouble.capacity < least)
    return refusal("InsufficientInstanceCapacity", usual_message("InsufficientInstanceCapacity", site), 500);
  return trouble;
}

RequestTrouble request_trouble(Account& account, std::string_view operation) {
  RequestTrouble trouble;
  for (Fault& fault : account.faults) {
    if (is_about_launches(fault) || !applies_to_operation(fault, operation) || !strikes(fault)) continue;
    use(fault);
    if (fault.effect == "delay") {
      trouble.delay += fault.delay;
      continue;  // a slow request may also fail
    }
    if (fault.effect == "error")
      trouble.error = ApiError{
          fault.code, fault.message.empty() ? usual_message(fault.code, LaunchSite{}) : fault.message,
          fault.status};
    trouble.drop_before = fault.effect == "drop_before";
    trouble.drop_after = fault.effect == "drop_after";
    break;
  }
  return trouble;
}

Result<std::vector<Fault>> read_faults(const Json& rules) {
  if (!rules.is_array()) return bad("document", fmt::format("want an array, found {}", rules.type_name()));
  std::vector<Fault> faults;
  for (size_t i = 0; i < rules.size(); ++i)
    faults.push_back(TRY(read_fault(rules.at(i), fmt::format("[{}]", i))));
  return faults;
}

}  // namespace spillway::emu
