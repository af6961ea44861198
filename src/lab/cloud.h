#pragma once
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/json.h"
#include "emu/aws.h"
#include "lab/account.h"
#include "lab/instances.h"
#include "lab/router.h"
#include "lab/workbench.h"
#include "net/server.h"

namespace spillway::lab {

/// The lab's AWS: the emulator with its account, its fronts in the lab's networks, and instances as
/// namespaces.
///
///   203.0.113.100:443   every API, as the internet reaches it        169.254.169.254:80   metadata, in the
///   VPC 203.0.113.101:443   S3, also through the VPC's gateway endpoint  127.0.0.1:PORT       HTTP, in the
///   host's own network
class Cloud {
 public:
  Cloud(const Workbench& bench, Fd endpoint, int endpoint_port);
  ~Cloud();

  /// Seeds the account, opens the fronts, and puts the lab's CA where on-premises programs and the image
  /// look. For a plugin v2 site it also decides what AWS decides of `cluster`, and makes the launch template.
  Result<void> start(ClusterFacts& cluster, const std::string& munge_key);
  /// Runs the product's own `spillway apply` on the controller with the administrator's key: everything on
  /// AWS is its work. Needs the configuration, munge's key and the resolvers.
  Result<void> apply_site() const;
  /// The daemon's credentials and who may read them: of a user who may become the head role. Needs the
  /// daemon's folder.
  Result<void> give_credentials(const ClusterFacts& cluster) const;

  /// {"url", "region", "access_key", "secret_key"} for people's own clients.
  Json endpoint() const;
  /// The cloud nodes that are not terminated, as they are whatever is broken; the gateway is none of them.
  Json instances() const;
  /// The instance of that id, address or node name; else `name` itself.
  std::string instance_of(const std::string& name) const;
  /// One call of EC2 with the administrator's key. Errors: the API's.
  Result<Json> call(const std::string& operation, Json input) const;
  /// Rules for misbehaving (docs/reference/faults.md): all of them anew, or more, or fewer.
  Result<void> set_faults(const Json& faults) { return emulator_.set_faults(faults); }
  Result<void> add_faults(const Json& faults) { return emulator_.add_faults(faults); }
  void remove_faults(const std::string& name) { emulator_.remove_faults(name); }

 private:
  Json everything() const;
  Result<void> open_fronts(const std::string& certificate, const std::string& key);
  Result<void> install_ca(const std::string& ca) const;

  const Workbench& bench_;
  mutable SystemClock clock_;
  Instances machines_;
  mutable emu::Aws emulator_;
  Router router_{bench_, emulator_};
  Account account_;
  Fd endpoint_;
  int endpoint_port_;
  std::vector<std::unique_ptr<net::Server>> fronts_;
  std::atomic<bool> ending_ = false;
  std::thread clockwork_;  // moves instances on while nobody asks
};

}  // namespace spillway::lab
