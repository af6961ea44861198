#include "fleet/parking.h"

#include <algorithm>

#include "base/log.h"

namespace spillway::fleet {
namespace {

constexpr Duration kFirstTime = std::chrono::minutes{10}, kLongestTime = std::chrono::hours{6};

}  // namespace

Result<void> park(Journal& journal, const GroupName& group, const std::string& reason, Time now) {
  GroupRecord record = TRY(journal.group(group));
  Duration time = kFirstTime;
  for (int i = 0; i < record.strikes && time < kLongestTime; ++i) time *= 2;
  ++record.strikes;
  record.parked_until = now + std::min(time, kLongestTime);
  record.reason = reason;
  record.boot_failures = 0;
  log::error("fleet", "{} is parked until {}: {}", group, to_iso8601_seconds(record.parked_until), reason);
  TRY(journal.save(record));
  return journal.note({.at = now, .event = "parked", .detail = fmt::format("{}: {}", group, reason)});
}

Result<void> count_boot_failures(Journal& journal, const Policy& policy, const GroupName& group, int failures,
                                 const std::string& reason, Time now) {
  GroupRecord record = TRY(journal.group(group));
  record.boot_failures += failures;
  if (record.boot_failures < policy.boot_failures_at_most) return journal.save(record);
  return park(
      journal, group,
      fmt::format("{} machines in a row did not join, the last one: {}", record.boot_failures, reason), now);
}

Result<void> forgive(Journal& journal, const GroupName& group) {
  GroupRecord record = TRY(journal.group(group));
  if (record.strikes == 0 && record.boot_failures == 0) return {};
  record.strikes = record.boot_failures = 0;
  record.parked_until = Time{};
  record.reason.clear();
  return journal.save(record);
}

}  // namespace spillway::fleet
