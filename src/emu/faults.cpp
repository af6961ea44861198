#include "emu/faults.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/ec2.h"
#include "emu/throttle.h"

// Rules are looked at in order. Of those about requests the first that matches and has uses left acts; a
// launch collects what all of them say.
namespace spillway::emu {
namespace {

bool matches_or_any(const std::string& pattern, std::string_view value) {
  return pattern.empty() || matches_wildcard(pattern, value);
}

bool is_about_launches(const Fault& fault) {
  return !fault.type.empty() || !fault.subnet.empty() || !fault.zone.empty() || !fault.purchase.empty() ||
         fault.effect == "capacity" || fault.effect == "never_boots" || fault.effect == "dies_pending";
}

bool is_about_requests(const Fault& fault) {
  static constexpr std::string_view kEffects[] = {"error", "delay", "drop_before", "drop_after", "throttle"};
  return std::find(std::begin(kEffects), std::end(kEffects), fault.effect) != std::end(kEffects) &&
         !is_about_launches(fault);
}

/// A number from 0 to 1 that depends on the rule's seed and the occasion alone.
double chance(const Fault& fault, std::string_view occasion) {
  const std::string hash = sha256(fmt::format("{} {} {}", fault.seed, fault.effect, occasion));
  uint32_t bits = 0;
  for (int i = 0; i < 4; ++i) bits = bits << 8 | static_cast<unsigned char>(hash[i]);
  return bits / 4294967296.0;
}

std::string_view purchase_of(const Instance& instance) {
  return instance.launch.market == "spot" ? "spot" : "on-demand";
}

int64_t capacity_left(const Account& account, const Fault& fault) {
  auto alive = std::count_if(account.instances.begin(), account.instances.end(), [&](const auto& entry) {
    return entry.second.state != State::terminated && fits(fault, entry.second);
  });
  return std::max<int64_t>(0, fault.limit - alive);
}

ApiError error_of(const Fault& fault, const std::string& code, const LaunchSite& site) {
  return {code, fault.message.empty() ? usual_message(code, site.type, site.zone) : fault.message,
          fault.status ? fault.status : usual_status(code)};
}

bool lies_there(const Fault& fault, const LaunchSite& site) {
  return matches_or_any(fault.type, site.type) && matches_or_any(fault.subnet, site.subnet) &&
         matches_or_any(fault.zone, site.zone) && matches_or_any(fault.purchase, site.purchase);
}

}  // namespace

bool in_force(const Account& account, const Fault& fault) {
  return fault.remaining != 0 && fault.from <= account.now() && account.now() < fault.until;
}

bool fits(const Fault& fault, const Instance& instance) {
  return matches_or_any(fault.type, instance.launch.type) &&
         matches_or_any(fault.subnet, instance.launch.subnet_id) &&
         matches_or_any(fault.zone, instance.zone) && matches_or_any(fault.purchase, purchase_of(instance)) &&
         matches_or_any(fault.instance, instance.id.value);
}

bool concerns(const Account& account, const Fault& fault, std::string_view operation) {
  return in_force(account, fault) && matches_or_any(fault.operation, operation);
}

bool strikes(Fault& fault) {
  if (fault.skip > 0) return --fault.skip, false;
  ++fault.occasions;
  if (fault.probability < 1 && chance(fault, std::to_string(fault.occasions)) >= fault.probability)
    return false;
  if (fault.remaining > 0) --fault.remaining;
  ++fault.acted;
  return true;
}

bool always_strikes(const Fault& fault, std::string_view id) {
  return fault.probability >= 1 || chance(fault, id) < fault.probability;
}

Answer<LaunchTrouble> launch_trouble(Account& account, const LaunchSite& site) {
  LaunchTrouble trouble;
  for (Fault& fault : account.faults) {
    if (!is_about_launches(fault) || !concerns(account, fault, site.operation) || !lies_there(fault, site))
      continue;
    const bool error = fault.effect == "error", capacity = fault.effect == "capacity";
    if (!error && !capacity && fault.effect != "never_boots" && fault.effect != "dies_pending") continue;
    const int64_t left = capacity ? capacity_left(account, fault) : 0;
    if (capacity && left >= std::min(trouble.capacity, site.most)) continue;  // it is in nobody's way
    if (!strikes(fault)) continue;
    if (error) {
      ApiError refused = error_of(fault, fault.code, site);
      return tl::unexpected(std::move(refused));
    }
    if (capacity) {
      trouble.capacity = left;
      trouble.shortage =
          error_of(fault, fault.code.empty() ? "InsufficientInstanceCapacity" : fault.code, site);
    }
    if (fault.effect == "never_boots") trouble.never_boots = true;
    if (fault.effect == "dies_pending") trouble.dies_pending = true;
  }
  if (trouble.capacity < site.least) return tl::unexpected(trouble.shortage);
  return trouble;
}

RequestTrouble request_trouble(Account& account, std::string_view operation, std::string_view service,
                               const Params& params) {
  RequestTrouble trouble;
  for (Fault& fault : account.faults) {
    if (!is_about_requests(fault) || !matches_or_any(fault.service, service) ||
        !concerns(account, fault, operation))
      continue;
    if (fault.effect == "throttle") {
      if (service != "ec2" || take_request(account, fault, operation, params)) continue;
      trouble.error = throttled(account, operation, "request");
      break;
    }
    if (!strikes(fault)) continue;
    if (fault.effect == "delay") {
      trouble.delay += fault.time.value_or(Duration{});
      continue;  // a slow request may also fail
    }
    if (fault.effect == "error") trouble.error = error_of(fault, fault.code, LaunchSite{});
    trouble.drop_before = fault.effect == "drop_before";
    trouble.drop_after = fault.effect == "drop_after";
    break;
  }
  return trouble;
}

bool gives_empty_page(Account& account, std::string_view operation) {
  for (Fault& fault : account.faults)
    if (fault.effect == "empty_page" && concerns(account, fault, operation) && strikes(fault)) return true;
  return false;
}

Duration clock_offset(const Account& account) {
  Duration offset{};
  for (const Fault& fault : account.faults)
    if (fault.effect == "clock_offset" && in_force(account, fault)) offset += fault.offset;
  return offset;
}

bool is_expired_by_rule(const Account& account, const AccessKey& key) {
  return std::any_of(account.faults.begin(), account.faults.end(), [&](const Fault& fault) {
    return fault.effect == "credentials_expired" && in_force(account, fault) && key.issued <= fault.from &&
           matches_or_any(fault.access_key, key.id) && always_strikes(fault, key.id);
  });
}

std::optional<int> metadata_silence(Account& account, const Instance& instance, std::string_view path) {
  for (Fault& fault : account.faults)
    if (fault.effect == "imds_silent" && in_force(account, fault) && fits(fault, instance) &&
        matches_or_any(fault.path, path) && strikes(fault))
      return fault.status;
  return std::nullopt;
}

}  // namespace spillway::emu
