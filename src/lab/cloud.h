#pragma once
#include "base/json.h"
#include "lab/slurm_files.h"
#include "lab/workbench.h"

namespace spillway::lab {

/// The lab's AWS: the emulator with its fronts in the lab's networks, its account, and instances as
/// namespaces.
class Cloud {
 public:
  Cloud(const Workbench& bench, Fd endpoint, int endpoint_port);
  ~Cloud();

  /// Seeds the account, writes the lab's CA, opens the fronts; fills in the parts of `cluster` that AWS
  /// decides.
  Result<void> start(ClusterFacts& cluster);
  /// Puts what an administrator's `apply` would: the bucket's secret, the launch template, the daemon's
  /// credentials. Needs munge's key.
  Result<void> publish(const ClusterFacts& cluster);

  /// {"url", "region", "access_key", "secret_key", "ca"} for people's own clients.
  Json endpoint() const;
  /// [{"id", "address", "state", "node"}], those that run.
  Json instances() const;
  /// The instance of that id, or behind that node name; else `name` itself.
  std::string instance_of(const std::string& name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::lab
