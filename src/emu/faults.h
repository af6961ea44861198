#pragma once
#include "emu/call.h"

namespace spillway::emu {

/// Where a launch happens, for the rules that match on it.
struct LaunchSite {
  std::string operation, type, subnet, zone;
};
/// What the rules do to instances that are launched there.
struct LaunchTrouble {
  int64_t capacity = INT64_MAX;  // how many there may be
  bool never_boots = false, dies_pending = false;
};
/// Errors: the code of an error rule with type or subnet; InsufficientInstanceCapacity when fewer than
/// `least` are left.
Answer<LaunchTrouble> launch_trouble(Account& account, const LaunchSite& site, int64_t least);

/// What the rules do to a whole request, whatever it launches.
struct RequestTrouble {
  std::optional<ApiError> error;
  bool drop_before = false, drop_after = false;
  Duration delay{};
};
RequestTrouble request_trouble(Account& account, std::string_view operation);

Result<std::vector<Fault>> read_faults(const Json& rules);

}  // namespace spillway::emu
