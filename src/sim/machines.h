#pragma once
#include <map>
#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "emu/account.h"
#include "sim/cloud.h"
#include "slurm/fake.h"

namespace spillway::sim {

/// What runs in the instances: each boots, learns its node's name from the launch document (or its Name tag),
/// fetches its secret, and starts slurmd, which tries to register for as long as it runs.
class Machines {
 public:
  struct Setting {
    ClusterId cluster;
    bool bucket = true;
    Duration boot_least{}, boot_most{};
    uint64_t seed = 0;
  };
  Machines(Setting setting, Cloud& cloud, slurm::FakeController& slurm)
      : setting_(std::move(setting)), cloud_(cloud), slurm_(slurm) {}

  void start(const emu::Machine& machine, Time now);
  void stop(const InstanceId& id);
  /// Everybody tries what is due; nothing reaches slurmctld while it is silent, or the tunnel is down.
  void move(Time now, bool slurmctld_answers, bool tunnel_is_up);
  /// The machine that serves this node does not reach slurmctld until then.
  void cut_off(const NodeName& node, Time until);
  /// The name that the machine believes to have; empty: none yet.
  NodeName name_of(const InstanceId& id) const;

 private:
  struct Body {
    emu::Machine machine;
    Time up_at{}, cut_until{};
    Time slurmd_at{};  // what `slurmd -b` says for the boot time
    NodeName node;
  };
  bool learn(Body& body) const;

  Setting setting_;
  Cloud& cloud_;
  slurm::FakeController& slurm_;
  std::map<InstanceId, Body> bodies_;
  uint64_t started_ = 0;
};

}  // namespace spillway::sim
