#include "fleet/fleet_config.h"

namespace spillway::fleet {

using std::chrono::milliseconds;
using std::chrono::seconds;

void apply(const FleetConfig& config, Policy& policy) {
  policy.failure_hold = seconds{config.failure_hold_s};
  policy.longest_hold = seconds{config.longest_hold_s};
  policy.capacity_rest = seconds{config.capacity_rest_s};
  policy.unbound_grace = seconds{config.unbound_grace_s};
  policy.launch_at_most = static_cast<size_t>(config.launch_at_most);
}

Pace pace_of(const FleetConfig& config) {
  return {.busy = milliseconds{config.poll_busy_ms}, .idle = seconds{config.poll_idle_s}};
}

}  // namespace spillway::fleet
