#pragma once
#include <string>
#include <vector>

#include "base/time.h"
#include "sim/action.h"

// A schedule: what happens in the world, when, and what befalls which effect. Everything follows from the
// seed; what is left out of the lists changes nothing of the rest, so that a failing schedule can be shrunk.
namespace spillway::sim {

/// What kind of site and how patient everybody is.
struct Terms {
  int nodes = 20;
  bool names = false;       // nodes have names in DNS
  bool bucket = true;       // false: as with plugin v2, images read their Name tag
  bool tells_jobs = false;  // SLURM_RESUME_FILE
  int64_t resume_rate = 0;  // nodes a minute
  Duration resume_timeout{}, suspend_time{}, suspend_timeout{}, slurmd_timeout{};
  Duration boot_least{}, boot_most{};
  Duration busy{}, idle{};  // the daemon's pace
  Duration failure_hold{};
  size_t launch_at_most = 500;
  Duration length{};  // of the part with events and faults
};

enum class What : uint8_t {
  submit,          // a job for `count` nodes from `node` on, that runs for `span`
  cancel,          // a job that is there
  stray_hook,      // resume, suspend or resume-fail is called by hand
  old_wish,        // a wish's file is there again
  restart,         // slurmctld is restarted, and silent for `span`
  silence,         // slurmctld does not answer for `span`
  cut_off,         // a node does not reach slurmctld for `span`
  dies,            // EC2 takes a machine away
  shuts_down,      // somebody shuts a machine down from inside
  rule,            // EC2 misbehaves by one of the emulator's rules for `span`
  outage,          // nothing of AWS answers for `span`
  old_lists,       // EC2's lists are `span` old for a while
  hides,           // EC2's lists lack a machine for `span`
  dns_outage,      // the name server does not answer for `span`
  dns_foreign,     // somebody else takes a node's name
  dns_erased,      // somebody removes a node's records
  dns_leftover,    // a record of ours that belongs to nobody is there
  kill,            // the daemon is killed, and started after `span`
  lose_journal,    // and its journal is gone
  admin_down,      // an administrator sets a node DOWN
  admin_drain,     // … drains it
  admin_up,        // … powers it up
  admin_off,       // … powers it down with force
  tunnel_down,     // nothing passes between the controller and the machines for `span`
  over_budget,     // no more money may be spent for `span`
  never_suspends,  // slurmctld forgets to suspend for `span`
};
inline constexpr size_t kWhats = 26;
std::string_view to_string(What what);

struct Happening {
  Duration at{};
  What what = What::submit;
  int node = 0, count = 1;
  Duration span{};
  uint32_t chance = 0;
  bool operator==(const Happening&) const = default;
};
std::string to_string(const Happening& happening);

struct Script {
  uint64_t seed = 0;
  Terms terms;
  std::vector<Happening> happenings;  // by time
  std::vector<PlannedFault> faults;
  bool may_be_extended = true;  // until it has enough effects and faults
};

Script make_script(uint64_t seed);

}  // namespace spillway::sim
