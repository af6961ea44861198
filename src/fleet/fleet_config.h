#pragma once
#include <string>

#include "fleet/daemon.h"
#include "fleet/world.h"

namespace spillway::fleet {

/// The `fleet:` section of spillway.yaml.
struct FleetConfig {
  int64_t poll_busy_ms = 1000;
  int64_t poll_idle_s = 15;
  int64_t failure_hold_s = 30;
  int64_t longest_hold_s = 600;
  int64_t unbound_grace_s = 120;
  int64_t launch_at_most = 500;
  int64_t alone_s = 600;
  int64_t capacity_rest_s = 180;
  std::string site_prolog;
};

template <class Visitor>
void describe(Visitor& v, FleetConfig& c) {
  v.field("fleet.poll_busy_ms", c.poll_busy_ms,
          "Milliseconds between looks at EC2 and Slurm while something is in motion.")
      .range(50, 60'000);
  v.field("fleet.poll_idle_s", c.poll_idle_s, "Seconds between looks while nothing is in motion.")
      .range(1, 3600);
  v.field("fleet.failure_hold_s", c.failure_hold_s,
          "Seconds that a node rests after a failure, doubled with each one in a row.")
      .range(1, 86'400);
  v.field("fleet.longest_hold_s", c.longest_hold_s, "The longest such rest, in seconds.").range(1, 86'400);
  v.field("fleet.unbound_grace_s", c.unbound_grace_s,
          "Seconds after which an instance of ours that no node claims is terminated.")
      .range(10, 86'400);
  v.field("fleet.launch_at_most", c.launch_at_most, "Nodes in one CreateFleet call.").range(1, 10'000);
  v.field("fleet.capacity_rest_s", c.capacity_rest_s,
          "Seconds that an offering rests which had no capacity, doubled with each time in a row.")
      .range(1, 3600);
  v.field("fleet.alone_s", c.alone_s,
          "Seconds without slurmctld, or without Spillway, after which an idle node ends itself.")
      .range(20, 86'400);
  v.field("fleet.site_prolog", c.site_prolog,
          "The site's own PrologSlurmctld, run after ours; its exit code is Slurm's answer.");
}

/// The section as the plan's policy and the daemon's pace.
void apply(const FleetConfig& config, Policy& policy);
Pace pace_of(const FleetConfig& config);

}  // namespace spillway::fleet
